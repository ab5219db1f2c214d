import TamisArithmetic
import TamisBits
import TamisQuantization
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Squared errors, and where levels are moved")
struct SquaredErrorTests {
    /// Values, the levels they got in steps of `step`, and errors that are hidden from value to value by half.
    private struct Sample {
        let step = 0.25
        var values: [Double] = []
        var levels: [Double] = []
        var targets: [Double] = []
        var weights: [Double] = []

        init(deadzone: Float, hides: Bool, seed: UInt64) {
            var random = SplitMix64(seed: seed)
            var error = 0.0
            for _ in 0..<2000 {
                let value = Double(random.laplacian(scale: 0.5))
                let target = value + (hides ? 0.5 * error : 0)
                // A deadzone makes levels too small, as saving bits does.
                let level = max((target.magnitude / step + 0.5 - Double(deadzone)).rounded(.down), 0) * (target < 0 ? -1 : 1)
                values.append(value)
                targets.append(target)
                levels.append(level)
                weights.append(hides ? Double.random(in: 0.5...1.5, using: &random) : 1)
                error = value - level * step
            }
        }

        /// The sums over levels moved by `offset` 256ths of a step.
        func error(offset: Int = 0) -> SquaredError {
            var error = SquaredError()
            for i in values.indices {
                let sign = levels[i] > 0 ? 1.0 : levels[i] < 0 ? -1 : 0
                let level = (levels[i] + sign * Double(offset) / 256) * step
                error.add(
                    targets[i] - level, ofValue: values[i] - level, towards: sign * step, weight: weights[i], value: values[i], seen: values[i])
            }
            return error
        }
    }

    private static func isNear(_ a: Double, _ b: Double) -> Bool { (a - b).magnitude <= 1e-9 * max(a.magnitude, b.magnitude, 1) }

    @Test(arguments: [false, true])
    func movingGivesTheSumsOfMovedLevels(_ hides: Bool) {
        let sample = Sample(deadzone: 0.2, hides: hides, seed: 1)
        for offset in [-128, -3, 0, 1, 77, 128] {
            var moved = sample.error()
            moved.move(by: offset)
            // Targets are given: what is moved are levels alone.
            let expected = sample.error(offset: offset)
            #expect(Self.isNear(moved.sum, expected.sum) && Self.isNear(moved.ofValues, expected.ofValues))
            #expect(moved.bestOffset == min(max(sample.error().bestOffset - offset, -128), 128))
        }
        if !hides { #expect(Self.isNear(sample.error().sum, sample.error().ofValues)) }
    }

    @Test(arguments: [false, true])
    func bestOffsetHasTheLeastSum(_ hides: Bool) {
        let error = Sample(deadzone: 0.25, hides: hides, seed: 2).error()
        let sums = (-128...128).map { offset -> Double in
            var moved = error
            moved.move(by: offset)
            return moved.sum
        }
        #expect(error.bestOffset > 0 && sums[error.bestOffset + 128] == sums.min())
    }

    /// Σ x · x̂ over moved levels is Σ x², so that the outputs keep their size.
    @Test(arguments: [0, 0.1, 0.25, 0.4] as [Float])
    func offsetPreservingGainKeepsTheInnerProduct(_ deadzone: Float) {
        let sample = Sample(deadzone: deadzone, hides: false, seed: 3)
        let offset = sample.error().offsetPreservingGain
        #expect(offset > sample.error().bestOffset)
        func product(_ offset: Double) -> Double {
            zip(sample.values, sample.levels).reduce(0) { $0 + $1.0 * ($1.1 + ($1.1 > 0 ? 1 : $1.1 < 0 ? -1 : 0) * offset / 256) * sample.step }
        }
        let energy = sample.values.reduce(0) { $0 + $1 * $1 }
        #expect(product(Double(offset) - 0.5) <= energy + 1e-9 && product(Double(offset) + 0.5) >= energy - 1e-9)
    }

    /// As the output sees values and errors: xᵀ · H · e over xᵀ · H · x is what is lost.
    @Test func gainIsThatOfTheOutputs() throws {
        let plain = try PlainCoupling.synthetic(channels: 12, kernel: [3], rho: 0.3, outputs: 50)
        var random = SplitMix64(seed: 5)
        let role = ErrorCouplingTests.convolution()
        var model = ModelSource()
        model.add("w", [50, 12, 3, 1], (0..<1800).map { _ in random.laplacian(scale: 1) + 0.2 }, role: role)
        try model.analyzed { works in
            var work = works[0]
            work.coupling = plain.coupling
            let step: Float = 0.75
            let search = IndexSearch(work, .rounding(DeadzoneQuantizer(step: step, deadzone: 0.5)), IndexBinarization(magnitudeCode: 18))
            var indices = [Int32](repeating: 0, count: 1800)
            let targets = try #require(indices.withUnsafeMutableBufferPointer { search.find(0..<1800, nil, into: $0) })
            let seen = try #require(search.seen(0..<1800))
            let error = indices.withUnsafeBufferPointer { search.squaredError($0, 0..<1800, of: targets, seen: seen) }
            let (along, energy, left) = plain.rows(of: 0..<1800).reduce((0.0, 0.0, 0.0)) { sums, row in
                let h = plain.matrix(row)
                let x = row.places.map { Double(model.values[0][$0]) }
                let e = row.places.map { Double(model.values[0][$0]) - Double(indices[$0]) * Double(step) }
                let both = zip(x, e).map { $0 + $1 }
                return (sums.0 + (h.energy(both) - h.energy(x) - h.energy(e)) / 2, sums.1 + h.energy(x), sums.2 + h.energy(e))
            }
            let squares = model.values[0].reduce(0.0) { $0 + Double($1) * Double($1) }
            let magnitudes = zip(model.values[0], indices).reduce(0.0) { $0 + Double($1.0) * Double($1.1.signum()) * Double(step) }
            let expected = along / energy * squares / magnitudes * 256
            #expect((Double(error.offsetPreservingGain) - expected).magnitude <= 0.51, "\(error.offsetPreservingGain), expected \(expected)")
            #expect((error.sum * plain.coupling.meanWeight / left - 1).magnitude < 1e-4)
        }
    }

    @Test func sumsOfPartsAreThoseOfTheWhole() {
        let whole = Sample(deadzone: 0.3, hides: true, seed: 6).error()
        var sum = SquaredError()
        sum.add(whole)
        sum.add(whole)
        #expect(Self.isNear(sum.sum, 2 * whole.sum) && sum.bestOffset == whole.bestOffset && sum.offsetPreservingGain == whole.offsetPreservingGain)
        #expect(whole.scaled(by: 2).sum == 2 * whole.sum && whole.scaled(by: 2).ofValues == 2 * whole.ofValues)
        #expect(SquaredError().bestOffset == 0 && SquaredError().offsetPreservingGain == 0)
        #expect(SquaredError(sum: 3).sum == 3 && SquaredError(sum: 3).ofValues == 3)
    }
}
