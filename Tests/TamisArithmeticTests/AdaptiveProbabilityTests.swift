@testable import TamisArithmetic
import TamisTestSupport
import Testing

@Suite("A probability follows the bins and keeps its bounds")
struct AdaptiveProbabilityTests {
    private static let bounds = (1 << 11)...((1 << 22) - (1 << 11))

    @Test(arguments: 4...10)
    func staysWithinItsBoundsAndFollowsThePlainRule(_ limit: Int) {
        let table = AdaptationTable(limit: limit)
        var random = SplitMix64(seed: UInt64(limit))
        for ones in [0, 1, 2000, 32_768, 65_000, 65_535, 65_536] as [UInt64] {
            var state = AdaptiveProbability.initial
            var plain = PlainArithmeticEncoder.Context()
            for bin in 0..<20_000 {
                // Long runs of one value, then the other, from wherever the first has led.
                let isOne = bin & 8192 == 0 ? random.next() & 65535 < ones : random.next() & 65535 >= ones
                state = AdaptiveProbability.updated(state, isOne: isOne, table.view)
                plain.adapt(isOne, limit: limit)
                if !Self.bounds.contains(Int(state >> 10)) || Int(state >> 10) != plain.probability || Int(state & 1023) != plain.count {
                    Issue.record("limit \(limit), ones \(ones), bin \(bin): \(state >> 10) and \(state & 1023), expected \(plain)")
                    return
                }
            }
        }
    }

    /// From anywhere, for any count: no update leaves the bounds.
    @Test(arguments: [4, 6, 10])
    func noUpdateLeavesTheBounds(_ limit: Int) {
        let table = AdaptationTable(limit: limit)
        for distance in 0..<3000 {
            for probability in [Self.bounds.lowerBound + distance, Self.bounds.upperBound - distance, (1 << 21) + distance * 600] {
                for count in [0, 1, 6, (1 << limit) - 2] {
                    for isOne in [false, true] {
                        let next = AdaptiveProbability.updated(UInt32(probability) << 10 | UInt32(count), isOne: isOne, table.view)
                        if !Self.bounds.contains(Int(next >> 10)) { Issue.record("probability \(probability), count \(count), \(isOne)") }
                    }
                }
            }
        }
    }

    @Test func zerosReachTheFloorAndOnesAlmostTheCeiling() {
        let table = AdaptationTable(limit: 5)
        var (zeros, ones) = (AdaptiveProbability.initial, AdaptiveProbability.initial)
        for _ in 0..<1000 {
            zeros = AdaptiveProbability.updated(zeros, isOne: false, table.view)
            ones = AdaptiveProbability.updated(ones, isOne: true, table.view)
        }
        #expect(Int(zeros >> 10) == Self.bounds.lowerBound)
        #expect(Self.bounds.upperBound - Int(ones >> 10) < 32)
    }
}
