import TamisArithmetic
import TamisQuantization
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("The trellis search that hides errors")
struct TrellisFeedbackTests {
    /// λ in squared steps that goes with a step of 0.6 of that of rounding.
    private static let lambda = StepAllocation.slope / 0.36

    private static func values(_ count: Int, scale: Float, seed: UInt64) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in random.laplacian(scale: scale) }
    }

    /// Also rows that are shorter than a trellis remembers, and some that are longer than the reach of measured errors.
    private static let couplings: [PlainCoupling] = {
        let couplings: [PlainCoupling?] = [
            try? .synthetic(channels: 16, rho: 0.2, outputs: 40), try? .synthetic(channels: 1, kernel: [3, 3], rho: 0, outputs: 70),
            try? .synthetic(channels: 5, kernel: [3, 3], rho: 0.3, outputs: 20), try? .synthetic(channels: 2, rho: 0.7, outputs: 300),
            try? .measured(1, outputs: 64, seed: 1), try? .measured(3, outputs: 200, seed: 2), try? .measured(40, outputs: 20, seed: 3),
            try? .measured(16, groups: 3, outputs: 30, seed: 4), try? .measured(131, outputs: 8, seed: 5),
        ]
        return couplings.compactMap { $0 }
    }()

    @Test func allCouplingsAreThere() { #expect(Self.couplings.count == 9) }

    /// What is returned as targets is what levels were chosen for: each weight with the errors of those before it, whole tensors and
    /// slices that begin and end within rows.
    @Test(arguments: 3...8, couplings)
    func targetsFollowTheLevels(_ statesLog2: Int, _ plain: PlainCoupling) throws {
        let trellis = try #require(Trellis(statesLog2: statesLog2))
        let rates = FeedbackSearch.rates(mean: 1.5, lambda: Self.lambda, trellis)
        let count = plain.columns * plain.outputs
        for (range, offset) in [(0..<count, Float(0)), ((plain.columns / 2 + 1)..<(count - plain.columns / 3), 0.125), (7..<(7 + min(5, count - 7)), -0.25)] {
            var values = Self.values(range.count, scale: 5, seed: UInt64(statesLog2))
            for i in stride(from: 0, to: values.count, by: 7) { values[i] = 0 }
            let found = FeedbackSearch(values, trellis, rates, plain.coupling, range, offset: offset)
            plain.expectRecursion(values, found.targets, found.levels, range)
            #expect(values.indices.allSatisfy { values[$0] != 0 || found.indices[$0] == 0 })
            // Levels of one parity are four steps apart; a bit more where bits are saved.
            let worst = zip(found.targets, found.levels).map { (Double($0) - $1).magnitude }.max() ?? 0
            #expect(worst < 5, "a level is \(worst) steps from its target")
        }
    }

    /// The errors at the output and the rate together are no worse than those of a search that knows nothing of outputs.
    @Test(arguments: 3...8, couplings)
    func costsNoMoreThanThePlainSearch(_ statesLog2: Int, _ plain: PlainCoupling) throws {
        let trellis = try #require(Trellis(statesLog2: statesLog2))
        let range = 0..<(plain.columns * plain.outputs)
        for (lambda, scale) in [(0, Float(8)), (Self.lambda, 4), (Self.lambda, 1)] {
            let rates = FeedbackSearch.rates(mean: scale / 2, lambda: lambda, trellis)
            let values = Self.values(range.count, scale: scale, seed: 21)
            let found = FeedbackSearch(values, trellis, rates, plain.coupling, range).cost(plain.coupling)
            let blind = FeedbackSearch(values, trellis, rates, nil, range).cost(plain.coupling)
            // A column by itself has nothing to hide.
            let limit = plain.columns == 1 ? 1.001 : 1
            #expect(found <= blind * limit, "λ \(lambda), scale \(scale): \(found), plain search \(blind)")
        }
    }

    /// More than the tenth of a bit that a trellis gains on independent errors is there for errors at outputs, too.
    @Test(arguments: 3...8)
    func gainsAddUp(_ statesLog2: Int) throws {
        let trellis = try #require(Trellis(statesLog2: statesLog2))
        for plain in [
            try PlainCoupling.synthetic(channels: 64, rho: 0.2, outputs: 80), try .synthetic(channels: 8, kernel: [3, 3], rho: 0.2, outputs: 60),
            try .measured(72, outputs: 70, seed: 9),
        ] {
            let range = 0..<(plain.columns * plain.outputs)
            // In steps of rounding.
            let values = Self.values(range.count, scale: 3, seed: 31)
            var indices = [Int32](repeating: 0, count: values.count)
            var targets = values
            targets.withUnsafeMutableBufferPointer { targets in
                indices.withUnsafeMutableBufferPointer { ScalarFeedback.round(targets, plain.coupling, range: range, into: $0) }
            }
            let scalarError = plain.outputError(values, indices.map(Double.init), range)
            let scalarBits = entropy(indices.reduce(into: [:]) { $0[$1, default: 0] += 1 }) / Double(range.count)

            let finer = values.map { $0 / 0.6 }
            let found = FeedbackSearch(finer, trellis, FeedbackSearch.rates(mean: 2.5, lambda: Self.lambda, trellis), plain.coupling, range)
            let error = plain.outputError(finer, found.levels, range) * 0.36
            // 6 dB are a bit.
            let gain = scalarBits - found.bitsPerIndex + PortableMath.log2(scalarError / error) / 2
            #expect((scalarBits - found.bitsPerIndex).magnitude < 0.25, "\(plain.testDescription): \(found.bitsPerIndex) bits, rounding \(scalarBits)")
            #expect(gain > 0.1 && gain < 0.26, "\(plain.testDescription): \(gain) bits")
        }
    }

    /// Measured errors are known on all paths only some weights later; that costs next to nothing, and nothing drifts in long rows.
    @Test(arguments: [3, 5, 8])
    func measuredErrorsAreAsGoodAsKnownOnes(_ statesLog2: Int) throws {
        let trellis = try #require(Trellis(statesLog2: statesLog2))
        let moments = SyntheticMoments(channels: 24, kernel: [3, 3], channelCorrelation: 0.2, tapCorrelation: 0.8)
        let synthetic = try PlainCoupling("synthetic", .synthetic(moments), outputs: 24)
        let measured = try PlainCoupling("the same, measured", .measured([PlainMatrix(moments)]), outputs: 24)
        let range = 0..<(216 * 24)
        let values = Self.values(range.count, scale: 5, seed: 41)
        let rates = FeedbackSearch.rates(mean: 2.5, lambda: Self.lambda, trellis)
        let known = FeedbackSearch(values, trellis, rates, synthetic.coupling, range)
        let told = FeedbackSearch(values, trellis, rates, measured.coupling, range)
        let ratio = told.cost(measured.coupling) / known.cost(synthetic.coupling)
        // The more states, the more paths are given up before they meet.
        #expect((ratio - 1).magnitude < (statesLog2 == 8 ? 0.02 : 0.01), "\(ratio)")
        // The end of rows is as good as their beginning, but for what the last weights cannot hide.
        func squares(_ search: FeedbackSearch, _ columns: Range<Int>) -> Double {
            range.filter { columns.contains($0 % 216) }.reduce(0) { $0 + (Double(search.targets[$1]) - search.levels[$1]) * (Double(search.targets[$1]) - search.levels[$1]) }
        }
        #expect(squares(told, 160..<208) < 1.2 * squares(told, 8..<56))
    }

    @Test(arguments: 3...8)
    func extremes(_ statesLog2: Int) throws {
        let trellis = try #require(Trellis(statesLog2: statesLog2))
        let rates = FeedbackSearch.rates(mean: 1, lambda: 0.3, trellis)
        for plain in Self.couplings {
            let count = min(plain.columns * plain.outputs, 300)
            let zeros = FeedbackSearch([Float](repeating: 0, count: count), trellis, rates, plain.coupling, 0..<count)
            #expect(zeros.indices == [Int32](repeating: 0, count: count) && zeros.targets == [Float](repeating: 0, count: count))
            let large = (0..<count).map { (index: Int) -> Float in [0x1p20, -0x1p20, 0.1, 5, -0x1p17][index % 5] }
            let found = FeedbackSearch(large, trellis, rates, plain.coupling, 0..<count)
            #expect(zip(found.targets, found.levels).allSatisfy { (Double($0) - $1).magnitude < 6 }, "\(plain.testDescription)")
        }
    }
}
