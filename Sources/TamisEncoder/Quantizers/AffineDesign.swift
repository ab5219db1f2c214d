import TamisBits
import TamisSyntax

/// Scale and zero point of an affine quantizer: x ≈ S · (q − Z) with 0 ⩽ q < 2^bits, and 0 always among the values.
///
/// The stream has q − Z, which is round(x ⁄ S) clamped to −Z … 2^bits − 1 − Z.
struct AffineDesign: Sendable, Equatable {
    let step: Float
    /// Z, 0 … 2^bits − 1.
    let zeroPoint: Int32
    let bits: Int

    var lowest: Int32 { -zeroPoint }
    var highest: Int32 { Int32(1) << Int32(bits) - 1 - zeroPoint }

    /// S = (β − α) ⁄ (2^bits − 1), Z = round(−α ⁄ S), ties to even; `low` ⩽ 0 ⩽ `high`, which are not both 0.
    ///
    /// - Returns: nil if the format has no such step.
    init?(low: Double, high: Double, bits: Int) {
        let last = Double(1 << bits - 1)
        step = Float((high - low) / last)
        if !QuantizerGrid.stepRange.contains(step) { return nil }
        zeroPoint = Int32(min(max((-low / Double(step)).rounded(.toNearestOrEven), 0), last))
        self.bits = bits
    }

    /// Values that ranges are tried on.
    static let mostTried = 1 << 18
    /// The range is tried at 1, 0.992, … 0.2 of its full width.
    static let shrinkSteps = 100
    static let shrinkStep = 0.008

    /// The design for the calibrated range, widened to hold 0.
    ///
    /// - Parameters:
    ///   - values: little-endian float32, finite, not all zero.
    ///   - bits: 1 … 16.
    static func calibrated(_ calibration: QuantizerChoice.Calibration, values: ByteView, bits: Int) -> Result<AffineDesign, Refusal> {
        let range: [Double]
        if case .percentile(let percent) = calibration {
            let tail = (100 - percent) / 200
            range = OrderStatistics.quantiles(values, at: [tail, 1 - tail])
        } else {
            range = extremes(values)
        }
        let (low, high) = (min(range[0], 0), max(range[1], 0))
        if low == high { return .failure(Refusal("its calibrated range has no width")) }
        guard let full = AffineDesign(low: low, high: high, bits: bits) else {
            return .failure(Refusal("its step would be \(Float((high - low) / Double(1 << bits - 1))), outside what the format allows"))
        }
        if calibration != .meanSquaredError { return .success(full) }
        let sample = ValueSample.of(values, most: mostTried)
        var best = (design: full, error: full.squaredError(sample))
        for step in 1...shrinkSteps {
            let share = 1 - shrinkStep * Double(step)
            guard let design = AffineDesign(low: low * share, high: high * share, bits: bits) else { break }
            let error = design.squaredError(sample)
            if error < best.error { best = (design, error) }
        }
        return .success(best.design)
    }

    /// Least and greatest value.
    private static func extremes(_ values: ByteView) -> [Double] {
        var least = Float.infinity
        var greatest = -Float.infinity
        for place in 0..<(values.count / 4) {
            let value = Float(bitPattern: values.load(place * 4, as: UInt32.self))
            least = min(least, value)
            greatest = max(greatest, value)
        }
        return [Double(least), Double(greatest)]
    }

    private func squaredError(_ sample: [Float]) -> Double {
        let (step, inverse) = (Double(self.step), 1 / Double(self.step))
        let (lowest, highest) = (Double(self.lowest), Double(self.highest))
        var sum = 0.0
        for value in sample {
            let scaled = min(max(Double(value) * inverse, lowest), highest)
            let difference = Double(value) - ((scaled + 0x1.8p52) - 0x1.8p52) * step
            sum += difference * difference
        }
        return sum
    }
}
