import TamisQuantization
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Symmetric and affine quantizers")
struct UniformFormTests {
    @Test func symmetricByHand() throws {
        // Δ = 3 ⁄ 3 = 1; ties toward zero.
        let three = try FittedTensor(.symmetric(bits: 3), [3, -3, 0.5, 0.51, -0.5, -0.51, 2.5, 2.6, 0, -0.0])
        #expect(three.quantizer.form == .uniform(step: 1, lowest: -3, highest: 3))
        #expect(three.indices == [3, -3, 0, 1, 0, -1, 2, 3, 0, 0])
        #expect(three.coding.grid.step == 1 && three.coding.grid.reconstructionOffset == 0 && three.coding.quantizerKind == 0)
        let two = try FittedTensor(.symmetric(bits: 2), [0.25, -0.125, 0.126, -0.1])
        #expect(two.quantizer.form == .uniform(step: 0.25, lowest: -1, highest: 1))
        #expect(two.indices == [1, 0, 1, 0])
    }

    /// After pruning the notes take β off the range: what is above it is clamped.
    @Test func symmetricAfterPruning() throws {
        let fitted = try FittedTensor(.symmetric(bits: 3), [4, -4, 1, -1.6, 0, 2.4, 3.5], prunedBelow: 1)
        #expect(fitted.quantizer.form == .uniform(step: 1, lowest: -3, highest: 3))
        #expect(fitted.indices == [3, -3, 1, -2, 0, 2, 3])
        #expect(refusal(.symmetric(bits: 3), [1, -1, 0], prunedBelow: 1) == "its step would be 0.0, outside what the format allows")
    }

    @Test(arguments: 2...16)
    func symmetricReachesBothEnds(_ bits: Int) throws {
        var random = SplitMix64(seed: UInt64(bits))
        for _ in 0..<50 {
            let largest = Float.random(in: 0.001...10, using: &random)
            let fitted = try FittedTensor(.symmetric(bits: bits), [largest, -largest, largest / 3])
            let highest = Int32(1 << (bits - 1)) - 1
            #expect(fitted.indices[0] == highest && fitted.indices[1] == -highest)
            #expect((fitted.values[0] - largest).magnitude <= largest * 0x1p-23)
        }
    }

    /// Rounding without branches is that of the midtread quantizer.
    @Test(arguments: [Float(1), 0.3, 0x1p-20])
    func roundsAsTheMidtreadQuantizer(_ step: Float) {
        var random = SplitMix64(seed: 1)
        var source = (0..<5000).map { _ in random.laplacian(scale: 20 * step) }
        for half in -300...300 {
            let tie = Float(half) / 2 * step
            source += [tie, tie.nextUp, tie.nextDown]
        }
        let quantizers = (FittedQuantizer(step: step, lowest: -90, highest: 100), DeadzoneQuantizer(step: step, deadzone: 0.5))
        var indices = [Int32](repeating: 0, count: source.count)
        var expected = indices
        littleEndian(source.map(\.bitPattern)).withView { view in
            indices.withUnsafeMutableBufferPointer { quantizers.0.quantize(view, into: $0) }
            expected.withUnsafeMutableBufferPointer { quantizers.1.quantize(view, into: $0) }
        }
        #expect(indices == expected.map { min(max($0, -90), 100) })
    }

    @Test func affineByHand() throws {
        // S = (2 − −1) ⁄ 3 = 1, Z = 1.
        let two = try FittedTensor(.affine(bits: 2, calibration: .minMax), [-1, 2, 0, 0.4, -0.6, 1.5, 1.6])
        #expect(two.quantizer.form == .uniform(step: 1, lowest: -1, highest: 2))
        #expect(two.indices == [-1, 2, 0, 0, -1, 1, 2])
        // All positive: the range is widened to 0, Z = 0.
        let positive = try FittedTensor(.affine(bits: 4, calibration: .minMax), [7.5, 3, 1])
        #expect(positive.quantizer.form == .uniform(step: 0.5, lowest: 0, highest: 15))
        #expect(positive.indices == [15, 6, 2])
        let negative = try FittedTensor(.affine(bits: 4, calibration: .minMax), [-7.5, -3, -1])
        #expect(negative.quantizer.form == .uniform(step: 0.5, lowest: -15, highest: 0))
        // Z = round(0.5) to even = 0, and so −1 is clamped to 0.
        let one = try FittedTensor(.affine(bits: 1, calibration: .minMax), [-1, 1, 0, 1.2 - 1])
        #expect(one.quantizer.form == .uniform(step: 2, lowest: 0, highest: 1))
        #expect(one.indices == [0, 0, 0, 0])
        #expect(try FittedTensor(.affine(bits: 1, calibration: .minMax), [-0.5, 1]).indices == [0, 1])
    }

    @Test(arguments: 1...16, [QuantizerChoice.Calibration.minMax, .percentile(99), .meanSquaredError])
    func affineHasZeroAndAllItsLevels(_ bits: Int, _ calibration: QuantizerChoice.Calibration) throws {
        var random = SplitMix64(seed: UInt64(bits))
        var source = (0..<1000).map { _ in random.laplacian(scale: 0.1) + 0.05 }
        source += [0, -0.0, 0]
        let fitted = try FittedTensor(.affine(bits: bits, calibration: calibration), source)
        guard case .uniform(_, let lowest, let highest) = fitted.quantizer.form else { Issue.record("not uniform"); return }
        #expect(Int(highest) - Int(lowest) == 1 << bits - 1 && lowest <= 0 && highest >= 0)
        #expect(fitted.indices.allSatisfy { $0 >= lowest && $0 <= highest })
        #expect(fitted.values.suffix(3) == [0, 0, 0] && fitted.indices.suffix(3) == [0, 0, 0])
        if bits <= 8 { expectNearest(fitted, source) }
    }

    @Test func percentileCutsOffTheTails() throws {
        // Five of a hundred parts are cut off at either end: −45 … 45 is left.
        let source = (0...100).map { Float($0) - 50 }
        let fitted = try FittedTensor(.affine(bits: 4, calibration: .percentile(90)), source)
        guard case .uniform(let step, _, _) = fitted.quantizer.form else { Issue.record("not uniform"); return }
        #expect(step == Float(90.0 / 15))
        // The range may lie between two values: 97.5 percent of 0 … 3 in thirds.
        let few = try FittedTensor(.affine(bits: 2, calibration: .percentile(95)), [0, 1, 2, 3])
        #expect(few.quantizer.form == .uniform(step: Float(2.925 / 3), lowest: 0, highest: 3))
        // All but a few are zero: nothing is left of the range.
        #expect(refusal(.affine(bits: 4, calibration: .percentile(90)), [Float](repeating: 0, count: 99) + [1]) == "its calibrated range has no width")
    }

    /// The least error of the grid, and so never more than that of the full range.
    @Test(arguments: [2, 3, 4, 8])
    func meanSquaredErrorIsTheLeastOfItsGrid(_ bits: Int) throws {
        var random = SplitMix64(seed: 5)
        let source = (0..<4000).map { _ in random.laplacian(scale: 0.02) }
        let best = try FittedTensor(.affine(bits: bits, calibration: .meanSquaredError), source)
        let error = best.meanSquaredError(source)
        let low = Double(source.min() ?? 0), high = Double(source.max() ?? 0)
        var least = Double.infinity
        for step in 0...AffineDesign.shrinkSteps {
            let share = 1 - AffineDesign.shrinkStep * Double(step)
            let design = try #require(AffineDesign(low: low * share, high: high * share, bits: bits))
            let values = source.map { value in
                let index = (Double(value) / Double(design.step)).rounded()
                return Float(min(max(index, Double(design.lowest)), Double(design.highest)) * Double(design.step))
            }
            least = min(least, FittedTensor.meanSquaredError(source, values))
        }
        #expect(error <= least * 1.000001)
        let full = try FittedTensor(.affine(bits: bits, calibration: .minMax), source).meanSquaredError(source)
        // A Laplacian tail is not worth its levels at few bits.
        if bits <= 4 { #expect(error < 0.7 * full) } else { #expect(error <= full) }
    }

    @Test func rangesOutsideTheFormat() {
        #expect(refusal(.symmetric(bits: 8), [0x1p-120])?.hasPrefix("its step would be ") == true)
        #expect(refusal(.symmetric(bits: 2), [0x1p90])?.hasPrefix("its step would be ") == true)
        #expect(refusal(.affine(bits: 8, calibration: .minMax), [.leastNonzeroMagnitude])?.hasPrefix("its step would be ") == true)
    }
}

/// No level is nearer to a value than the one it got; a tie may go either way.
func expectNearest(_ fitted: FittedTensor, _ source: [Float], leavingOut excluded: Set<Int32> = [], _ place: SourceLocation = #_sourceLocation) {
    let levels = fitted.levels.filter { !excluded.contains($0.index) }.map { Double($0.value) }.sorted()
    #expect(fitted.values.count == source.count, sourceLocation: place)
    for (value, back) in zip(source, fitted.values) where !(value == 0 && back == 0) {
        // The first level not below the value, and the one before it.
        var low = 0, high = levels.count
        while low < high {
            let middle = (low + high) / 2
            if levels[middle] < Double(value) { low = middle + 1 } else { high = middle }
        }
        let nearest = levels[max(low - 1, 0)...min(low, levels.count - 1)].map { ($0 - Double(value)).magnitude }.min() ?? .infinity
        let own = (Double(back) - Double(value)).magnitude
        if own > nearest + Double(value.magnitude) * 0x1p-45 { Issue.record("\(value) became \(back), \(nearest) is nearer than \(own)", sourceLocation: place); return }
    }
}
