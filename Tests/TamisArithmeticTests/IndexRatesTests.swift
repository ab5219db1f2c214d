import Foundation
import TamisBits
import TamisTestSupport
import Testing

@testable import TamisArithmetic

@Suite("Rates are −log2 of what was counted")
struct IndexRatesTests {
    private static func counts(_ slice: SliceCase) -> IndexContextCounts {
        var counts = IndexContextCounts()
        slice.indices.withUnsafeBufferPointer { indices in
            slice.classes.withUnsafeBufferPointer { counts.count(indices, classes: $0, IndexBinarization(magnitudeCode: slice.magnitudeCode), slice.tools) }
        }
        return counts
    }

    /// The rate of each index of a slice, with states and neighbours followed one index after the other.
    private static func rates(_ slice: SliceCase, _ rates: IndexRates) -> [Double] {
        let classes = IndexBinarization(magnitudeCode: slice.magnitudeCode).classes
        var state: UInt32 = 0
        var before: [UInt32] = [0, 0]
        return zip(slice.indices, slice.classes).map { index, scaleClass in
            let own = Int(scaleClass)
            let near = slice.tools.usesNeighbours ? classes[own].neighbourClass(of: before[0] + before[1]) : 0
            let row = IndexRates.padding + own * IndexRates.classStride + Int(state & 1) * IndexRates.parityStride + near * IndexRates.rowLength
            let entry = index == 0 ? 0 : 1 + (Int(index.magnitude) - 1) >> Int(rates.stepShifts[own])
            state = slice.tools.states.next(state, magnitude: index.magnitude)
            before = [before[1], index.magnitude]
            return Double(rates.table[row + min(entry, IndexRates.rowLength - 1)])
        }
    }

    private static func laplacian(_ count: Int, scale: Double, magnitudeCode: UInt8, _ tools: IndexSliceTools, seed: UInt64) -> SliceCase {
        var random = SplitMix64(seed: seed)
        let indices = (0..<count).map { _ -> Int32 in
            let magnitude = Int32(min(-log(Double.random(in: Double.ulpOfOne..<1, using: &random)) * scale, 28))
            return Bool.random(using: &random) ? magnitude : -magnitude
        }
        return SliceCase(indices, classes: (0..<count).map { UInt8(6 + $0 % 5) }, magnitudeCode: magnitudeCode, tools)
    }

    /// 0, 1, −2, 0 with the shift 0: the zero flag is 0 and 1 two times each, the first unary bin 0 and 1, the second 0. A count is
    /// taken 0.4 higher than it is.
    @Test func byHand() {
        let slice = SliceCase([0, 1, -2, 0])
        let counts = Self.counts(slice)
        let rates = IndexRates(counts, IndexBinarization(magnitudeCode: 16), lambda: 1, log2: { log2($0) })
        let row = IndexRates.padding + 8 * IndexRates.classStride
        #expect(rates.stepShifts[8] == 0)
        #expect(rates.table[row] == 1)
        #expect(rates.table[row + 1] == 1 + 1 + 1)
        #expect((rates.table[row + 2] - Float(1 + 1 + 1 + log2(1.8 / 1.4))).magnitude < 1e-6)
        // Beyond, the third bin is a 1, and the fourth has not been seen.
        #expect((rates.table[row + 3] - Float(1 + 1 + 1 + log2(1.8 / 0.4) + 1)).magnitude < 1e-6)
        // Odd states and other neighbours have not been seen: every bin costs a bit.
        #expect(rates.table[row + IndexRates.parityStride] == 1 && rates.table[row + IndexRates.rowLength + 1] == 3)
        // λ is a factor; a sign may cost less.
        let half = IndexRates(counts, IndexBinarization(magnitudeCode: 16), lambda: 0.5, signBits: 0.25, log2: { log2($0) })
        #expect(half.table[row] == 0.5 && half.table[row + 1] == 0.5 * 2.25)
        // Four zero flags, two signs, two first bins, a second one; and half the logarithm of 5, 3 and 2 for learning three probabilities.
        let bits = 4 + 2 + 2 + log2(1.8 / 1.4) + 0.5 * (log2(5) + log2(3) + log2(2))
        #expect((counts.bits(log2: { log2($0) }) - bits).magnitude < 1e-9)
    }

    /// A class with the shift 3: two raw bits, and the third of the low bits under a context.
    @Test func byHandWithLowBits() throws {
        let code = try #require((16...80).first { IndexBinarization(magnitudeCode: $0).classes[8].shift == 3 })
        // 20 − 1 = 0b10_0_11: unary part 2, low bit 0; 7 − 1 = 0b0_1_10: unary part 0, low bit 1.
        let counts = Self.counts(SliceCase([20, 7, 0], magnitudeCode: code))
        let rates = IndexRates(counts, IndexBinarization(magnitudeCode: code), lambda: 1, log2: { log2($0) })
        #expect(rates.stepShifts[8] == 2)
        let row = IndexRates.padding + 8 * IndexRates.classStride
        let zero = log2(3.8 / 2.4)
        // 5 … 8 are the entry of 7.
        #expect((Double(rates.table[row + 2]) - (zero + 1 + 1 + log2(1.8 / 1.4) + 2)).magnitude < 1e-6)
        #expect((Double(rates.table[row + 1]) - (zero + 1 + 1 + log2(1.8 / 0.4) + 2)).magnitude < 1e-6)
        // 17 … 20: first unary bin 1, second 1, third 0.
        #expect((Double(rates.table[row + 5]) - (zero + 1 + 1 + 2 * log2(1.8 / 1.4) + log2(1.8 / 1.4) + 2)).magnitude < 1e-6)
    }

    /// What all indices cost is the entropy of the counted bins, signs and raw bits; learning comes on top.
    @Test(arguments: [0.3, 1, 4, 9], [false, true])
    func sumOverARun(_ scale: Double, _ usesNeighbours: Bool) {
        for states in [StateTransition.none] + IndexSliceCoderTests.trellises {
            for code in [16, 20, 24] as [UInt8] {
                let tools = IndexSliceTools(usesNeighbours: usesNeighbours, adaptationLimit: 8, states: states)
                let slice = Self.laplacian(2000, scale: scale, magnitudeCode: code, tools, seed: UInt64(scale * 10))
                let counts = Self.counts(slice)
                let sum = Self.rates(slice, IndexRates(counts, IndexBinarization(magnitudeCode: code), lambda: 1, log2: { log2($0) })).reduce(0, +)
                var learning = 0.0
                for context in 0..<(counts.bins.count / 2) {
                    let used = Double(counts.bins[2 * context]) + Double(counts.bins[2 * context + 1])
                    if used > 0 { learning += 0.5 * log2(used + 1) }
                }
                #expect((sum + learning - counts.bits(log2: { log2($0) })).magnitude < 1e-5 * sum, "scale \(scale), code \(code)")
            }
        }
    }

    /// Of all magnitudes and both signs, the probabilities that the rates stand for are at most 1 together.
    @Test(arguments: [16, 21, 30] as [UInt8])
    func ratesAreThoseOfACode(_ code: UInt8) {
        let tools = IndexSliceTools(usesNeighbours: true, adaptationLimit: 8, states: IndexSliceCoderTests.trellises[1])
        let binarization = IndexBinarization(magnitudeCode: code)
        let rates = IndexRates(Self.counts(Self.laplacian(3000, scale: 2, magnitudeCode: code, tools, seed: 3)), binarization, lambda: 1, log2: { log2($0) })
        for row in stride(from: IndexRates.padding, to: rates.table.count, by: IndexRates.rowLength) {
            let magnitudes = Double(1 << Int(rates.stepShifts[row / IndexRates.classStride]))
            let sum = (0..<IndexRates.rowLength).reduce(0.0) { $0 + exp2(-Double(rates.table[row + $1])) * ($1 == 0 ? 1 : 2 * magnitudes) }
            #expect(sum <= 1.00001 && sum > 0.5, "row \(row / IndexRates.rowLength): \(sum)")
        }
    }

    /// Counts add up over runs, each of which starts anew.
    @Test func runsAddUp() {
        let tools = IndexSliceTools(usesNeighbours: true, adaptationLimit: 8, states: IndexSliceCoderTests.trellises[2])
        let slices = (0..<3).map { Self.laplacian(500, scale: 2, magnitudeCode: 18, tools, seed: UInt64($0)) }
        var together = IndexContextCounts()
        var bins = [UInt32](repeating: 0, count: 2 * IndexBinarization.classCount * IndexContextCounts.placesPerClass)
        for slice in slices {
            slice.indices.withUnsafeBufferPointer { indices in
                slice.classes.withUnsafeBufferPointer { together.count(indices, classes: $0, IndexBinarization(magnitudeCode: 18), tools) }
            }
            for (place, count) in Self.counts(slice).bins.enumerated() { bins[place] += count }
        }
        #expect(together.bins == bins)
    }

    @Test func mirroredStates() {
        var counts = Self.counts(Self.laplacian(1000, scale: 2, magnitudeCode: 18, IndexSliceTools(usesNeighbours: true, adaptationLimit: 8), seed: 9))
        let before = counts.bins
        counts.mirrorStates()
        for scaleClass in 0..<IndexBinarization.classCount {
            for context in 0..<IndexContextCounts.placesPerClass {
                let place = 2 * (scaleClass * IndexContextCounts.placesPerClass + context)
                // The first four decisions have contexts of odd states.
                let isOdd = context < 32 && context % 8 >= 4
                let source = isOdd ? place - 8 : place
                #expect(counts.bins[place] == before[source] && counts.bins[place + 1] == before[source + 1])
            }
        }
    }

    /// Adaptive coding takes about what was estimated.
    @Test(arguments: [(0.3, 13), (1, 16), (6, 21)] as [(Double, UInt8)])
    func estimatesAreNearWhatCodingTakes(_ scale: Double, _ code: UInt8) {
        for states in [StateTransition.none, IndexSliceCoderTests.trellises[4]] {
            let tools = IndexSliceTools(usesNeighbours: true, adaptationLimit: 10, states: states)
            let slice = Self.laplacian(60_000, scale: scale, magnitudeCode: code, tools, seed: 11)
            let encoded = slice.encoded()
            let bits = Double(8 * (encoded.codeword.count + encoded.rawBits.count))
            #expect((Self.counts(slice).bits(log2: { log2($0) }) / bits - 1).magnitude < 0.01)
        }
    }
}
