@testable import TamisArithmetic
import TamisBits
import TamisTestSupport

/// Models of float mode, elements for them, and the way there and back.
struct FloatCase {
    let model: FloatModel
    /// By element; empty if all have one table.
    let classes: [UInt8]

    static let layouts: [FloatLayout] = [.float64, .float32, .float16, .bfloat16, .float8E4M3, .float8E5M2, .float8E8M0]

    /// The elements' bytes.
    static func bytes(_ elements: [UInt64], _ layout: FloatLayout) -> [UInt8] {
        elements.flatMap { element in (0..<layout.byteCount).map { UInt8(truncatingIfNeeded: element >> UInt64(8 * $0)) } }
    }

    /// Frequencies of one table for each number of the list, all symbols with one of about equal frequency.
    static func flat(symbols: Int, tables: Int = 1, _ random: inout SplitMix64) -> FloatFrequencies {
        var values: [UInt16] = []
        for _ in 0..<tables {
            var table = [Int](repeating: 0, count: symbols)
            table[0] = 2
            for _ in 0..<4094 {
                // Most symbols, but not all of them.
                let symbol = Int.random(in: 0..<symbols, using: &random)
                table[table[symbol] < 4000 ? symbol : 0] += 1
            }
            if symbols > 3, table[2] < 4000 - table[0] {
                table[0] += table[2]
                table[2] = 0
            }
            values += table.map { UInt16($0) }
        }
        let tableOfClass = (0..<17).map { UInt8($0 * tables / 17) }
        return FloatFrequencies(symbols: symbols, values: values, tableOfClass: tableOfClass)!
    }

    func slice(_ elements: [UInt64], first: Int = 0) -> IndexSliceCoder.Slice {
        Self.bytes(elements, model.window.layout).withView { values in
            classes.withUnsafeBufferPointer {
                FloatSliceEncoder(model).encode(values, range: first..<(first + elements.count), classes: model.frequencies.tables == 1 ? .init(start: nil, count: 0) : $0)
            }
        }
    }

    /// The elements' bytes, or nil if the slice is refused.
    func decoded(_ slice: IndexSliceCoder.Slice, count: Int, first: Int = 0) -> [UInt8]? {
        let size = model.window.layout.byteCount
        var bytes = [UInt8](repeating: 0xAA, count: (first + count) * size)
        let isSound = slice.codeword.withView { codeword in
            slice.rawBits.withView { rawBits in
                classes.withUnsafeBufferPointer { classes in
                    bytes.withUnsafeMutableBytes { target in
                        FloatSliceDecoder(model).decode(
                            codeword: codeword, rawBits: rawBits, classes: model.frequencies.tables == 1 ? .init(start: nil, count: 0) : classes,
                            into: ByteRegion(unsafe: target), range: first..<(first + count))
                    }
                }
            }
        }
        return isSound ? Array(bytes[(first * size)...]) : nil
    }

    /// Elements as they are in networks and as they are not: any bits, signed zeros, subnormals, infinities, NaNs of any payload.
    static func elements(_ count: Int, _ window: FloatWindow, _ random: inout SplitMix64) -> [UInt64] {
        let layout = window.layout
        let all = UInt64.max >> UInt64(64 - layout.bitCount)
        let exponent = layout.magnitudeMask & ~((1 << UInt64(layout.mantissaBits)) - 1)
        let zeros = ~((UInt64(1) << UInt64(window.zeroBits)) - 1)
        return (0..<count).map { _ in
            let bits = UInt64.random(in: 0...all, using: &random) & zeros
            switch Int.random(in: 0..<12, using: &random) {
            case 0: return 0
            case 1: return bits & ~layout.magnitudeMask
            case 2: return (bits | exponent) & all
            case 3: return exponent
            case 4: return bits & ~exponent
            case 5: return bits
            default:
                let prefix = UInt64(window.origin + Int.random(in: 0..<window.count, using: &random)) << UInt64(window.prefixShift)
                return prefix | bits & ((1 << UInt64(window.prefixShift)) - 1) | bits & ~layout.magnitudeMask
            }
        }
    }
}
