@testable import TamisArithmetic
import TamisBits
import TamisTestSupport
import Testing

@Suite("Slices of float mode come back bit for bit")
struct FloatSliceTests {
    /// Windows with everything at its least and at its most.
    private static func windows(_ layout: FloatLayout) -> [FloatWindow] {
        let m = layout.mantissaBits
        var windows: [FloatWindow] = []
        for zeroBits in Set([0, m / 2, m]) {
            for modelledBits in Set([0, min(2, m - zeroBits), min(4, m - zeroBits)]) {
                let prefixes = 1 << (layout.exponentBits + modelledBits)
                for count in Set([1, min(7, prefixes), min(254, prefixes)]) {
                    for origin in Set([0, (prefixes - count) / 2, prefixes - count]) {
                        windows.append(FloatWindow(layout: layout, zeroBits: zeroBits, modelledBits: modelledBits, origin: origin, count: count)!)
                    }
                }
            }
        }
        return windows
    }

    @Test(arguments: FloatCase.layouts)
    func roundTrip(_ layout: FloatLayout) throws {
        var random = SplitMix64(seed: UInt64(layout.bitCount * 100 + layout.mantissaBits))
        for window in Self.windows(layout) {
            for (tables, count) in [(1, 1), (1, 2), (1, 3), (1, 403), (5, 4), (5, 1000), (17, 64)] {
                let model = FloatModel(window, FloatCase.flat(symbols: window.symbols, tables: tables, &random))
                let classes = (0..<count).map { _ in UInt8.random(in: 0...16, using: &random) }
                let floatCase = FloatCase(model: try #require(model), classes: classes)
                let elements = FloatCase.elements(count, window, &random)
                let slice = floatCase.slice(elements)
                #expect(floatCase.decoded(slice, count: count) == FloatCase.bytes(elements, layout), "\(window), \(tables) tables, \(count) elements")
            }
        }
    }

    @Test func shortRowsHaveFewerRawBits() throws {
        var random = SplitMix64(seed: 4)
        let window = try #require(FloatWindow(layout: .float32, zeroBits: 0, modelledBits: 2, origin: 480, count: 40))
        let short = try #require(FloatWindow(layout: .float32, zeroBits: 13, modelledBits: 2, origin: 480, count: 40))
        let isShort = (0..<9).map { [1, 2, 3, 6, 8].contains($0) }
        let rows = FloatModel.ShortRows(zeroBits: 13, elementsPerRow: 11, isShort: isShort)
        let model = try #require(FloatModel(window, FloatCase.flat(symbols: window.symbols, &random), shortRows: rows))
        let elements = isShort.flatMap { FloatCase.elements(11, $0 ? short : window, &random) }
        // Slices that begin and end within rows.
        for range in [0..<99, 0..<5, 5..<16, 7..<61, 40..<41, 44..<99] {
            let floatCase = FloatCase(model: model, classes: [])
            let slice = floatCase.slice(Array(elements[range]), first: range.lowerBound)
            let back = floatCase.decoded(slice, count: range.count, first: range.lowerBound)
            #expect(back == FloatCase.bytes(Array(elements[range]), .float32), "\(range)")
        }
        #expect(FloatModel(window, model.frequencies, shortRows: .init(zeroBits: 0, elementsPerRow: 11, isShort: isShort)) == nil)
        #expect(FloatModel(window, model.frequencies, shortRows: .init(zeroBits: 22, elementsPerRow: 11, isShort: isShort)) == nil)
    }

    @Test func windowsThatContradictThemselvesAreRefused() {
        func window(_ zeroBits: Int, _ modelledBits: Int, _ origin: Int, _ count: Int) -> FloatWindow? {
            FloatWindow(layout: .bfloat16, zeroBits: zeroBits, modelledBits: modelledBits, origin: origin, count: count)
        }
        #expect(window(0, 4, 4096 - 254, 254) != nil && window(7, 0, 255, 1) != nil)
        for (zeroBits, modelledBits, origin, count) in [(8, 0, 0, 1), (0, 5, 0, 1), (5, 3, 0, 1), (0, 0, 0, 0), (0, 4, 0, 255), (0, 0, 255, 2), (0, 0, 256, 1)] {
            #expect(window(zeroBits, modelledBits, origin, count) == nil)
        }
    }

    /// Each damaged slice is refused, or is another one that means something; nothing traps.
    @Test(arguments: FloatCase.layouts)
    func damageIsRefused(_ layout: FloatLayout) throws {
        var random = SplitMix64(seed: UInt64(layout.bitCount + layout.mantissaBits))
        for tables in [1, 3] {
            let prefixes = 1 << layout.exponentBits
            let window = try #require(FloatWindow(layout: layout, zeroBits: 0, modelledBits: 0, origin: 0, count: min(prefixes, 200)))
            let model = try #require(FloatModel(window, FloatCase.flat(symbols: window.symbols, tables: tables, &random)))
            let count = 90
            let floatCase = FloatCase(model: model, classes: (0..<count).map { UInt8($0 % 17) })
            let slice = floatCase.slice(FloatCase.elements(count, window, &random))
            for length in 0..<slice.codeword.count {
                #expect(floatCase.decoded(.init(codeword: Array(slice.codeword[..<length]), rawBits: slice.rawBits), count: count) == nil)
            }
            for length in 0..<slice.rawBits.count {
                #expect(floatCase.decoded(.init(codeword: slice.codeword, rawBits: Array(slice.rawBits[..<length])), count: count) == nil)
            }
            for more in [[0], [0, 0], [1, 0, 0, 0]] as [[UInt8]] {
                #expect(floatCase.decoded(.init(codeword: slice.codeword + more, rawBits: slice.rawBits), count: count) == nil)
                #expect(floatCase.decoded(.init(codeword: slice.codeword, rawBits: slice.rawBits + more), count: count) == nil)
            }
            for bit in 0..<(slice.codeword.count * 8) {
                var damaged = slice
                damaged.codeword[bit / 8] ^= 1 << UInt8(bit % 8)
                if let bytes = floatCase.decoded(damaged, count: count) { #expect(bytes.count == count * layout.byteCount) }
            }
            for _ in 0..<500 {
                let garbage = (0..<Int.random(in: 0...80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                #expect(floatCase.decoded(.init(codeword: garbage, rawBits: garbage), count: count) == nil)
            }
        }
    }

    /// Spec §9.3: no slice has more elements than its codeword allows, even if all have the symbol of frequency 4094.
    @Test func expansionIsBounded() throws {
        let window = try #require(FloatWindow(layout: .float32, zeroBits: 0, modelledBits: 0, origin: 127, count: 1))
        let frequencies = try #require(FloatFrequencies(symbols: 3, values: [2, 4094, 0], tableOfClass: [UInt8](repeating: 0, count: 17)))
        let floatCase = FloatCase(model: try #require(FloatModel(window, frequencies)), classes: [])
        for count in [1, 1000, 1 << 18, 1 << 20] {
            let slice = floatCase.slice([UInt64](repeating: 0, count: count))
            #expect(slice.rawBits.isEmpty && count <= 16384 * (slice.codeword.count + 1))
            #expect(floatCase.decoded(slice, count: count) == [UInt8](repeating: 0, count: 4 * count))
        }
    }

    /// The examples of Spec §6.9.4. A change here is a change of the format.
    @Test func slicesAreStable() throws {
        let window = try #require(FloatWindow(layout: .float32, zeroBits: 20, modelledBits: 1, origin: 252, count: 4))
        let table: [UInt16] = [16, 512, 256, 1024, 2032, 256]
        let one = try #require(FloatFrequencies(symbols: 6, values: table, tableOfClass: [UInt8](repeating: 0, count: 17)))
        let first = FloatCase(model: try #require(FloatModel(window, one)), classes: [])
        let elements: [UInt64] = [0x3F00_0000, 0xBF50_0000, 0, 0x3F80_0000, 0x8000_0000, 0x3F90_0000, 0xBFF0_0000]
        #expect(hex(first.slice(elements)) == "10020010202408001071800010090200 28003007")

        let brain = try #require(FloatWindow(layout: .bfloat16, zeroBits: 0, modelledBits: 0, origin: 120, count: 4))
        let values = table + [16, 16, 16, 1000, 2048, 1000]
        let two = try #require(FloatFrequencies(symbols: 6, values: values, tableOfClass: (0..<17).map { $0 < 8 ? 0 : 1 }))
        let rows = FloatModel.ShortRows(zeroBits: 4, elementsPerRow: 3, isShort: [false, true])
        let second = FloatCase(model: try #require(FloatModel(brain, two, shortRows: rows)), classes: [6, 7, 8, 7, 8, 9])
        #expect(hex(second.slice([0x3C01, 0xBC81, 0x3DFF, 0x3C10, 0xBD90, 0x7F80])) == "40e2410010030004301e040010021000 01817f91f807")
        #expect(hex(FloatFrequencyCoder.encode(one, hasClasses: false)) == "87b944c1b515a56a")
        #expect(hex(FloatFrequencyCoder.encode(two, hasClasses: true)) == "c19564619f899e4a0dcedc6c9380")
        #expect(hex(ShortRowCoder.encode([false, true])) == "80")
        #expect(hex(ShortRowCoder.encode([false, false, true, true, true, false, true, true])) == "a3fa")
    }

    private func hex(_ slice: IndexSliceCoder.Slice) -> String { hex(slice.codeword) + " " + hex(slice.rawBits) }
    private func hex(_ bytes: [UInt8]) -> String { IndexSliceCoderTests.hex(bytes) }
}
