import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Rounding that hides errors")
struct ScalarFeedbackTests {
    private struct Rounded {
        let targets: [Float]
        let indices: [Int32]
        var levels: [Double] { indices.map(Double.init) }
    }

    private static func round(_ values: [Float], _ coupling: ErrorCoupling, _ range: Range<Int>) -> Rounded {
        var targets = values
        var indices = [Int32](repeating: .min, count: values.count)
        targets.withUnsafeMutableBufferPointer { targets in
            indices.withUnsafeMutableBufferPointer { ScalarFeedback.round(targets, coupling, range: range, into: $0) }
        }
        return Rounded(targets: targets, indices: indices)
    }

    private static func values(_ count: Int, scale: Float, seed: UInt64) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in random.laplacian(scale: scale) }
    }

    private static let couplings: [PlainCoupling] = {
        let couplings: [PlainCoupling?] = [
            try? .synthetic(channels: 20, rho: 0.2, outputs: 37), try? .synthetic(channels: 1, kernel: [3, 3], rho: 0, outputs: 50),
            try? .synthetic(channels: 5, kernel: [3, 2], rho: 0.3, outputs: 29), try? .synthetic(channels: 3, kernel: [4], rho: 0.7, r: 0.95, outputs: 64),
            try? .measured(1, outputs: 9, seed: 1), try? .measured(23, outputs: 31, seed: 2), try? .measured(12, groups: 4, outputs: 40, seed: 3),
        ]
        return couplings.compactMap { $0 }
    }()

    @Test func allCouplingsAreThere() { #expect(Self.couplings.count == 7) }

    /// Whole tensors, and slices that begin and end within rows.
    @Test(arguments: couplings)
    func eachWeightTakesTheErrorsOfThoseBeforeIt(_ plain: PlainCoupling) {
        let count = plain.columns * plain.outputs
        for (first, last) in [(0, count), (0, count - 1), (1, count), (plain.columns / 2, count / 2 + 1), (count / 3, count / 3 + max(plain.columns / 2, 1))] {
            let range = first..<last
            let values = Self.values(range.count, scale: 4, seed: UInt64(first + 1))
            let rounded = Self.round(values, plain.coupling, range)
            plain.expectRecursion(values, rounded.targets, rounded.levels, range)
            #expect(zip(rounded.targets, rounded.indices).allSatisfy { $0.rounded(.toNearestOrEven) == Float($1) })
        }
    }

    /// What hides the errors leaves `meanWeight` of those of plain rounding, which are independent of each other.
    @Test func outputErrorIsThatOfTheMeanWeight() throws {
        for plain in [
            try PlainCoupling.synthetic(channels: 24, rho: 0.2, outputs: 900), try .synthetic(channels: 4, kernel: [3, 3], rho: 0.3, outputs: 600),
            try .synthetic(channels: 3, kernel: [3, 3], rho: 0.7, r: 0.95, outputs: 800), try .measured(30, outputs: 600, seed: 7),
            try .measured(10, groups: 6, outputs: 1800, seed: 8),
        ] {
            let range = 0..<(plain.columns * plain.outputs)
            let values = Self.values(range.count, scale: 6, seed: 5)
            let hidden = plain.outputError(values, Self.round(values, plain.coupling, range).levels, range)
            let left = plain.outputError(values, values.map { Double($0.rounded()) }, range)
            var trace = 0.0
            for row in plain.rows(of: range) {
                let matrix = plain.matrix(row)
                trace += matrix.meanDiagonal * Double(matrix.size)
            }
            #expect((left / (trace / 12) - 1).magnitude < 0.15, "\(plain.testDescription): \(left), expected \(trace / 12)")
            #expect((hidden / (plain.coupling.meanWeight * Double(range.count) / 12) - 1).magnitude < 0.05, "\(plain.testDescription): \(hidden)")
            #expect(plain.coupling.meanWeight < 0.9 * trace / Double(range.count) && hidden < left)
        }
    }

    /// Pruned weights neither move nor take errors up.
    @Test(arguments: couplings)
    func zerosStayZeros(_ plain: PlainCoupling) {
        let range = 0..<(plain.columns * plain.outputs)
        var values = Self.values(range.count, scale: 2, seed: 9)
        for i in values.indices where i % 3 != 1 { values[i] = i % 2 == 0 ? 0 : -0.0 }
        let rounded = Self.round(values, plain.coupling, range)
        #expect(values.indices.allSatisfy { values[$0] != 0 || (rounded.indices[$0] == 0 && rounded.targets[$0] == 0) })
        plain.expectRecursion(values, rounded.targets, rounded.levels, range)
    }

    @Test func largeValuesAndNone() throws {
        let plain = try PlainCoupling.synthetic(channels: 8, rho: 0.2, outputs: 2)
        let values: [Float] = (0..<16).map { ($0 % 2 == 0 ? 1 : -1) * Float(2_097_000 - 1000 * $0) + 0.25 }
        let rounded = Self.round(values, plain.coupling, 0..<16)
        for (value, index) in zip(values, rounded.indices) { #expect((Double(value) - Double(index)).magnitude < 3) }
        #expect(Self.round([], plain.coupling, 5..<5).indices == [])
    }

    /// The errors of known levels.
    @Test(arguments: couplings)
    func followsLevels(_ plain: PlainCoupling) {
        let range = 2..<(plain.columns * plain.outputs - 1)
        let values = Self.values(range.count, scale: 2, seed: 11)
        let levels = Self.values(range.count, scale: 2, seed: 12)
        var targets = values
        targets.withUnsafeMutableBufferPointer { targets in
            levels.withUnsafeBufferPointer { ScalarFeedback.follow(targets, plain.coupling, range: range, levels: $0.baseAddress) }
        }
        plain.expectRecursion(values, targets, levels.map(Double.init), range, tolerance: 1e-3)
        // With no levels, what is left is Uᵀ · w: the energy of the outputs.
        var seen = values
        seen.withUnsafeMutableBufferPointer { ScalarFeedback.follow($0, plain.coupling, range: range, levels: nil) }
        plain.expectRecursion(values, seen, [Double](repeating: 0, count: range.count), range, tolerance: 1e-3)
    }
}
