@testable import TamisArithmetic
import TamisBits
import TamisTestSupport
import Testing

@Suite("Frequencies and short rows come back from their codewords")
struct FloatFrequencyTests {
    private static func decoded(_ codeword: [UInt8], symbols: Int, hasClasses: Bool) -> FloatFrequencies? {
        codeword.withView { FloatFrequencyCoder.decode($0, symbols: symbols, hasClasses: hasClasses) }
    }

    @Test(arguments: [3, 4, 17, 100, 256])
    func roundTrip(_ symbols: Int) {
        var random = SplitMix64(seed: UInt64(symbols))
        for tables in [1, 2, 9, 17] {
            let frequencies = FloatCase.flat(symbols: symbols, tables: tables, &random)
            let codeword = FloatFrequencyCoder.encode(frequencies, hasClasses: true)
            #expect(Self.decoded(codeword, symbols: symbols, hasClasses: true) == frequencies)
            #expect(Self.decoded(codeword + [0], symbols: symbols, hasClasses: true) == nil)
            if tables == 1 {
                #expect(Self.decoded(FloatFrequencyCoder.encode(frequencies, hasClasses: false), symbols: symbols, hasClasses: false) == frequencies)
            }
        }
    }

    @Test func extremes() {
        for values in [[4094, 2, 0], [2, 4094, 0], [2, 0, 4094], [2048, 0, 2048]] as [[UInt16]] {
            let frequencies = FloatFrequencies(symbols: 3, values: values, tableOfClass: [UInt8](repeating: 0, count: 17))
            #expect(frequencies != nil)
            if let frequencies { #expect(Self.decoded(FloatFrequencyCoder.encode(frequencies, hasClasses: false), symbols: 3, hasClasses: false) == frequencies) }
        }
    }

    @Test func wrongTablesAreRefused() {
        let one = [UInt8](repeating: 0, count: 17)
        for values in [[1, 4094, 1], [2, 4093, 0], [2, 4094, 1], [4095, 1, 0], [2, 4095, 0], [0, 2048, 2048], [2, 4094]] as [[UInt16]] {
            #expect(FloatFrequencies(symbols: 3, values: values, tableOfClass: one) == nil)
        }
        let two: [UInt16] = [2, 4094, 0, 2, 4094, 0]
        #expect(FloatFrequencies(symbols: 3, values: two, tableOfClass: one) == nil)
        #expect(FloatFrequencies(symbols: 3, values: two, tableOfClass: [1] + one.dropFirst()) == nil)
        #expect(FloatFrequencies(symbols: 3, values: two, tableOfClass: one.dropLast() + [1]) != nil)
        #expect(FloatFrequencies(symbols: 3, values: two, tableOfClass: one.dropLast(2) + [1, 0]) == nil)
    }

    @Test func garbageIsRefusedOrCanonical() {
        var random = SplitMix64(seed: 77)
        for round in 0..<20000 {
            let codeword = (0..<Int.random(in: 0...9, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            let (symbols, hasClasses) = (Int.random(in: 3...6, using: &random), round % 2 == 0)
            guard let frequencies = Self.decoded(codeword, symbols: symbols, hasClasses: hasClasses) else { continue }
            #expect(FloatFrequencyCoder.encode(frequencies, hasClasses: hasClasses) == codeword)
        }
    }

    @Test func shortRows() {
        var random = SplitMix64(seed: 3)
        for count in [1, 2, 40, 5000] {
            for share in [0.0, 0.1, 1.0] {
                let flags = (0..<count).map { _ in Double.random(in: 0..<1, using: &random) < share }
                let codeword = ShortRowCoder.encode(flags)
                #expect(codeword.withView { ShortRowCoder.decode($0, rows: count) } == flags)
                #expect((codeword + [1]).withView { ShortRowCoder.decode($0, rows: count) } == nil)
            }
        }
        #expect([UInt8]().withView { ShortRowCoder.decode($0, rows: 1) } == nil)
    }
}
