import TamisBits
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Sorted values, samples and quantiles")
struct SortedValuesTests {
    @Test(arguments: [0, 1, 2, 63, 64, 127, 128, 129, 200, 5000, 70_000])
    func sortsAndSums(_ count: Int) {
        var random = SplitMix64(seed: UInt64(count))
        let source = (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
        let sorted = SortedValues(sorting: source)
        #expect(sorted.values == source.sorted())
        for _ in 0..<50 {
            let start = Int.random(in: 0...count, using: &random)
            let range = start..<Int.random(in: start...count, using: &random)
            let sum = range.reduce(0) { $0 + Double(sorted.values[$1]) }
            #expect((sorted.sum(range) - sum).magnitude <= 1e-10)
            let bound = Double.random(in: -1.2...1.2, using: &random)
            let expected = sorted.values.count { Double($0) <= bound }
            for from in [0, expected / 2, expected] { #expect(sorted.count(upTo: bound, from: from) == expected) }
        }
    }

    /// A sum from the start on would have lost them.
    @Test func tinyValuesBesideHugeOnes() {
        let source = [Float](repeating: -1e30, count: 1000) + [Float](repeating: 1e-30, count: 1000) + [Float](repeating: 1e30, count: 1000)
        let sum = SortedValues(sorting: source).sum(1000..<2000)
        #expect((sum / 1e-27 - 1).magnitude < 1e-6)
    }

    @Test func samples() {
        let values = (1...1000).map { Float($0) }
        littleEndian(values.map(\.bitPattern)).withView { view in
            #expect(ValueSample.of(view, most: 1000) == values)
            #expect(ValueSample.of(view, most: 5000) == values)
            for most in [999, 500, 334, 10, 1] {
                let sample = ValueSample.of(view, most: most)
                let stride = (1000 + most - 1) / most
                #expect(sample.count == (1000 + stride - 1) / stride && sample.count <= most)
                for (group, value) in sample.enumerated() { #expect((Int(value) - 1) / stride == group) }
            }
        }
        let sparse: [Float] = values.flatMap { value in [0, value, -0.0] as [Float] }
        littleEndian(sparse.map(\.bitPattern)).withView { view in
            #expect(ValueSample.of(view, most: 1000, skipsZeros: true) == values)
            #expect(ValueSample.of(view, most: 300, skipsZeros: true).count == 250)
        }
    }

    @Test(arguments: [1, 2, 3, 10, 1001, 4000])
    func quantilesAreExact(_ count: Int) {
        var random = SplitMix64(seed: UInt64(count))
        let source = (0..<count).map { _ in Bool.random(using: &random) ? Float.random(in: -1...1, using: &random) : Float(Int.random(in: -3...3, using: &random)) }
        let sorted = source.sorted()
        littleEndian(source.map(\.bitPattern)).withView { view in
            let ranks = [0, count / 3, count / 2, count - 1]
            #expect(OrderStatistics.select(view, ranks: ranks) == ranks.map { sorted[$0] })
            let quantiles = OrderStatistics.quantiles(view, at: [0, 0.5, 1])
            #expect(quantiles[0] == Double(sorted[0]) && quantiles[2] == Double(sorted[count - 1]))
            #expect(quantiles[1] == (Double(sorted[(count - 1) / 2]) + Double(sorted[count / 2])) / 2)
        }
    }
}
