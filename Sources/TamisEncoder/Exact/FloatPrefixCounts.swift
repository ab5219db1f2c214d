import TamisArithmetic
import TamisBits

/// How often each prefix of a magnitude comes up, with as many modelled bits as there may be.
struct FloatPrefixCounts {
    let layout: FloatLayout
    let zeroBits: Int
    /// Modelled bits of the prefixes.
    let finest: Int
    /// By prefix.
    private var counts: [UInt32]
    private(set) var positiveZeros = 0
    private(set) var total = 0

    init(_ layout: FloatLayout, _ zeroBits: FloatZeroBits) {
        self.layout = layout
        self.zeroBits = zeroBits.all
        finest = min(layout.mantissaBits - (zeroBits.shortRows?.zeroBits ?? zeroBits.all), FloatWindow.maximumModelledBits)
        counts = [UInt32](repeating: 0, count: 1 << (layout.exponentBits + finest))
    }

    /// - Parameter values: whole elements.
    mutating func add(_ values: ByteView) {
        switch layout.byteCount {
        case 1: add(UInt8.self, values)
        case 2: add(UInt16.self, values)
        case 4: add(UInt32.self, values)
        default: add(UInt64.self, values)
        }
    }

    @inline(__always)
    private mutating func add<Element: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(_ type: Element.Type, _ values: ByteView) {
        let shift = UInt64(layout.mantissaBits - finest)
        let mask = layout.magnitudeMask
        for place in stride(from: 0, to: values.count, by: MemoryLayout<Element>.size) {
            let element = UInt64(values.load(place, as: Element.self))
            counts[Int((element & mask) >> shift)] += 1
            positiveZeros += element == 0 ? 1 : 0
        }
        total += values.count / MemoryLayout<Element>.size
    }

    /// Counts by prefix with fewer modelled bits.
    func coarser(_ modelledBits: Int) -> [UInt64] {
        let shift = finest - modelledBits
        var result = [UInt64](repeating: 0, count: counts.count >> shift)
        for (prefix, count) in counts.enumerated() where count > 0 { result[prefix >> shift] += UInt64(count) }
        result[0] -= UInt64(positiveZeros)
        return result
    }
}
