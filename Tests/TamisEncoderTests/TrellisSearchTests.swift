import TamisArithmetic
import TamisBits
import TamisQuantization
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("The trellis search finds the cheapest path")
struct TrellisSearchTests {
    private static let magnitudeCode: UInt8 = 18
    private static let binarization = IndexBinarization(magnitudeCode: magnitudeCode)

    /// Rates like those of Laplacian indices of a mean magnitude; in costs of the search.
    private static func rates(mean: Float, lambda: Double, _ trellis: Trellis) -> IndexRates {
        var random = SplitMix64(seed: 77)
        let indices = (0..<4000).map { _ in Int32(random.laplacian(scale: mean)) }
        let states = StateTransition(oddStateMask: trellis.oddStateMask, oddIndexMask: trellis.oddIndexMask)
        var counts = IndexContextCounts()
        indices.withUnsafeBufferPointer { indices in
            [UInt8](repeating: 8, count: indices.count).withUnsafeBufferPointer {
                counts.count(indices, classes: $0, binarization, IndexSliceTools(usesNeighbours: true, adaptationLimit: 8, states: states))
            }
        }
        return IndexRates(counts, binarization, lambda: lambda * Double(TrellisBranches.unitsPerSquaredStep), log2: PortableMath.log2)
    }

    /// A weight as the cost function sees it.
    private struct Weight {
        let magnitude: Double
        /// Rates in squared steps, of even states and of odd ones.
        let rates: [[Double]]

        /// Distortion and rate of an index, neither of which counts beyond 15 squared steps.
        func cost(_ index: Int, state: Int) -> Double {
            let level = Double(Trellis.level(of: Int32(index), in: state))
            let entry = min(index, IndexRates.rowLength - 1)
            return min((magnitude - level) * (magnitude - level) + rates[state & 1][entry], 15)
        }

        /// The least cost of all indices of a parity.
        func branch(state: Int, isOdd: Bool) -> Double {
            let nearest = Int(magnitude / 2)
            let first = max(nearest - 6, 0)
            return (first...(nearest + 6)).filter { $0 & 1 == (isOdd ? 1 : 0) }.map { cost($0, state: state) }.min() ?? .infinity
        }
    }

    private struct Found {
        var indices: [Int32]
        var weights: [Weight]
    }

    /// Runs the search over `values`, in steps, in a window of a tensor of its own.
    private static func search(_ values: [Float], _ rates: IndexRates, _ trellis: Trellis) -> Found {
        var window = SearchWindow(capacity: values.count)
        littleEndian(values.map(\.bitPattern)).withView { view in
            window.load(view, range: 0..<values.count, of: MatrixView(elementCount: values.count), ScaleClasses(), step: 1)
        }
        window.selectRows(binarization, usesNeighbours: true, spacing: 2)
        var indices = [Int32](repeating: .min, count: values.count)
        indices.withUnsafeMutableBufferPointer { TrellisSearch.search(window, rates, trellis, into: $0) }
        let weights = values.indices.map { place in
            let row = IndexRates.padding + Int(window.rows[place])
            // The shift of this class is 0: an entry for each magnitude.
            return Weight(magnitude: Double(values[place].magnitude), rates: (0..<2).map { parity in
                (0..<IndexRates.rowLength).map { Double(rates.table[row + parity * IndexRates.parityStride + $0]) / Double(TrellisBranches.unitsPerSquaredStep) }
            })
        }
        return Found(indices: indices, weights: weights)
    }

    /// What the path of the indices costs.
    private static func cost(_ found: Found, _ trellis: Trellis) -> Double {
        var state = 0
        return zip(found.indices, found.weights).reduce(0) { sum, step in
            defer { state = trellis.next(state, isOdd: step.0 & 1 != 0) }
            return sum + step.1.cost(Int(step.0.magnitude), state: state)
        }
    }

    private static func leastOfAllPaths(_ weights: ArraySlice<Weight>, _ trellis: Trellis, state: Int = 0) -> Double {
        guard let weight = weights.first else { return 0 }
        return [false, true].map { isOdd in
            weight.branch(state: state, isOdd: isOdd) + leastOfAllPaths(weights.dropFirst(), trellis, state: trellis.next(state, isOdd: isOdd))
        }.min() ?? .infinity
    }

    /// Viterbi's algorithm in binary64.
    private static func leastByDynamicProgramming(_ weights: [Weight], _ trellis: Trellis) -> Double {
        var costs = [Double](repeating: .infinity, count: trellis.stateCount)
        costs[0] = 0
        for weight in weights {
            let branches = (0..<4).map { weight.branch(state: $0 >> 1, isOdd: $0 & 1 == 1) }
            var next = [Double](repeating: .infinity, count: trellis.stateCount)
            for state in costs.indices where costs[state].isFinite {
                for isOdd in [false, true] {
                    let target = trellis.next(state, isOdd: isOdd)
                    next[target] = min(next[target], costs[state] + branches[(state & 1) * 2 + (isOdd ? 1 : 0)])
                }
            }
            costs = next
        }
        return costs.min() ?? .infinity
    }

    /// Each cost is rounded to a whole number of units, 128 in a squared step.
    private static func expectLeast(_ found: Found, _ trellis: Trellis, least: Double, _ what: @autoclosure () -> String) {
        let cost = cost(found, trellis)
        let slack = Double(found.weights.count) / Double(TrellisBranches.unitsPerSquaredStep)
        #expect(cost <= least + slack + 1e-3 && cost >= least - 1e-3, "\(what()): \(cost), least \(least)")
    }

    @Test(arguments: 3...8)
    func shortRunsAgainstAllPaths(_ statesLog2: Int) throws {
        let trellis = try #require(Trellis(statesLog2: statesLog2))
        var random = SplitMix64(seed: UInt64(statesLog2))
        for lambda in [0, 0.05, 0.32, 1.5] {
            let rates = Self.rates(mean: 1.5, lambda: lambda, trellis)
            for round in 0..<24 {
                let scale: Float = [0.5, 2, 6, 30][round % 4]
                let values = (0..<(1 + round % 10)).map { _ in random.laplacian(scale: scale) }
                let found = Self.search(values, rates, trellis)
                Self.expectLeast(found, trellis, least: Self.leastOfAllPaths(found.weights[...], trellis), "λ \(lambda), \(values)")
            }
        }
    }

    /// Long runs, in which costs wrap around many times.
    @Test(arguments: 3...8)
    func longRunsAgainstViterbiInBinary64(_ statesLog2: Int) throws {
        let trellis = try #require(Trellis(statesLog2: statesLog2))
        var random = SplitMix64(seed: UInt64(statesLog2))
        for (count, lambda, scale) in [(1500, 0.32, Float(3)), (800, 0.1, 40), (700, 2, 1)] {
            let rates = Self.rates(mean: 1, lambda: lambda, trellis)
            let values = (0..<count).map { _ in random.laplacian(scale: scale) }
            let found = Self.search(values, rates, trellis)
            Self.expectLeast(found, trellis, least: Self.leastByDynamicProgramming(found.weights, trellis), "λ \(lambda), scale \(scale)")
        }
    }

    /// Rates so high that every branch costs the most there is, zeros, and values of 2^24 steps and more.
    @Test(arguments: 3...8)
    func extremes(_ statesLog2: Int) throws {
        let trellis = try #require(Trellis(statesLog2: statesLog2))
        let zeros = Self.search([Float](repeating: 0, count: 100), Self.rates(mean: 1, lambda: 0.3, trellis), trellis)
        #expect(zeros.indices == [Int32](repeating: 0, count: 100))
        for lambda in [0, 0.3, 100] {
            let values: [Float] = [0, -0.0, 1, 0x1p24, -0x1p24, 0x1p40, -.greatestFiniteMagnitude, 0.3, -2, 5, 0x1p23, -7, .leastNonzeroMagnitude]
            let found = Self.search(values, Self.rates(mean: 1, lambda: lambda, trellis), trellis)
            for (value, index) in zip(values, found.indices) {
                #expect(index == 0 || (index < 0) == (value < 0))
                #expect(index.magnitude <= 1 << 23 + 2)
            }
        }
        #expect(Self.search([], Self.rates(mean: 1, lambda: 1, trellis), trellis).indices == [])
    }

    /// Without a price on bits, the levels are as near as trellis-coded quantization has them: nearer than the even multiples alone.
    @Test(arguments: 3...8)
    func levelsGiveBackTheValues(_ statesLog2: Int) throws {
        let trellis = try #require(Trellis(statesLog2: statesLog2))
        var random = SplitMix64(seed: 5)
        let values = (0..<4000).map { _ in random.laplacian(scale: 50) }
        let indices = Self.search(values, Self.rates(mean: 1, lambda: 0, trellis), trellis).indices
        var state = 0
        var squares = 0.0
        for (value, index) in zip(values, indices) {
            let distance = Double(value) - Double(Trellis.level(of: index, in: state))
            #expect(distance.magnitude < 4)
            squares += distance * distance
            state = trellis.next(state, isOdd: index & 1 != 0)
        }
        // Rounding to multiples of two steps has 4 ⁄ 12, to all multiples 1 ⁄ 12.
        let error = squares / Double(values.count)
        #expect(error < 0.28 && error > 1.0 / 12, "\(error)")
    }

    /// Values, steps of rows, and indices at any places of a tensor.
    @Test func windowOfATensor() throws {
        let view = MatrixView(elementCount: 24)
        let values: [Float] = (0..<24).map { Float($0) - 11.5 }
        var window = SearchWindow(capacity: 10)
        littleEndian(values.map(\.bitPattern)).withView { window.load($0, range: 7..<17, of: view, ScaleClasses(), step: 0.5) }
        #expect((0..<10).map { window.magnitudes[$0] } == values[7..<17].map { $0.magnitude * 2 })
        #expect((0..<10).map { window.signed(3, at: $0) } == values[7..<17].map { $0 < 0 ? -3 : 3 })
        #expect((0..<10).allSatisfy { window.classes[$0] == 8 })
    }
}
