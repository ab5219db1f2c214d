import TamisBits
import TamisQuantization
import TamisSyntax

extension FittedQuantizer {
    /// Chooses the parameters for a tensor.
    ///
    /// - Parameters:
    ///   - choice: without a `problem`; any but uniform, rate–distortion optimised, trellis and exact, which have nothing to fit.
    ///   - values: little-endian float32, finite, in C order, at least one; after pruning.
    ///   - statistics: of `values`.
    ///   - step: what the target asks; a μ-law without levels gets the mean squared error of a uniform quantizer of this step.
    ///   - prunedBelow: β, if smaller magnitudes were made zero: a symmetric quantizer then has the step (max|x| − β) ⁄ (2^(b−1) − 1).
    ///   - isPruned: zeros were made by pruning, so that a codebook must have zero.
    /// - Returns: a quantizer whose description is within the format's ranges, or why there is none.
    static func fit(
        _ choice: QuantizerChoice, to values: ByteView, statistics: TensorStatistics, step: Double?, prunedBelow: Double? = nil,
        isPruned: Bool = false
    ) -> Result<FittedQuantizer, Refusal> {
        let largest = statistics.largestMagnitude
        if largest == 0 { return .failure(Refusal("its values are all zero")) }
        switch choice {
        case .uniform, .rateDistortion, .trellis, .exact:
            return .failure(Refusal("its quantizer has no parameters to fit"))
        case .muLaw(let mu, let range, let levels):
            return muLaw(mu: mu, range: range ?? Double(largest), levels: levels, values, statistics, step: step)
        case .minifloat(let exponentBits, let mantissaBits):
            guard let format = MinifloatRounding.fitted(exponentBits: exponentBits, mantissaBits: mantissaBits, largest: largest) else {
                return .failure(Refusal("its largest magnitude is \(largest), outside what the format allows a minifloat"))
            }
            return .success(FittedQuantizer(MinifloatRounding(format, highestRank: format.rankCount - 1), largest: largest))
        case .half:
            guard let half = MinifloatRounding.half, half.rank(Int32(bitPattern: largest.bitPattern)) > 0 else {
                return .failure(Refusal("its values all round to zero in binary16"))
            }
            return .success(FittedQuantizer(half, largest: largest))
        case .symmetric(let bits):
            let highest = Int32(1) << Int32(bits - 1) - 1
            let step = Float((Double(largest) - (prunedBelow ?? 0)) / Double(highest))
            if let refusal = refusal(step: step) { return .failure(refusal) }
            return .success(FittedQuantizer(step: step, lowest: -highest, highest: highest))
        case .affine(let bits, let calibration):
            return AffineDesign.calibrated(calibration, values: values, bits: bits).map {
                FittedQuantizer(step: $0.step, lowest: $0.lowest, highest: $0.highest)
            }
        case .codebook(let levels):
            if largest > CodebookEntry.valueRange.upperBound {
                return .failure(Refusal("its largest magnitude is \(largest), outside what the format allows a codebook"))
            }
            let entries = CodebookDesign.values(of: values, levels: levels, keepsZero: isPruned || prunedBelow != nil)
            return .success(FittedQuantizer(CodebookDesign.codebook(entries)))
        }
    }

    private static func refusal(step: Float) -> Refusal? {
        QuantizerGrid.stepRange.contains(step) ? nil : Refusal("its step would be \(step), outside what the format allows")
    }

    private static func muLaw(
        mu: Double, range: Double, levels: Int?, _ values: ByteView, _ statistics: TensorStatistics, step: Double?
    ) -> Result<FittedQuantizer, Refusal> {
        let companding: Companding?
        if let levels {
            companding = CompandingDesign.companding(mu: mu, range: range, levels: levels)
        } else {
            guard let step else { return .failure(Refusal("neither its settings nor the target say how fine its companding is")) }
            companding = CompandingDesign.companding(mu: mu, range: range, spacing: step / (range * expansion(mu, range, values, statistics)))
        }
        guard let companding else { return .failure(Refusal("its companding is outside what the format allows")) }
        return .success(FittedQuantizer(companding))
    }

    /// √(mean g′(y)²), g the expander, over the values within the range: how much the companded step grows, in the mean of squares,
    /// on the way back.
    ///
    /// g′(y) = (1 + μ|x| ⁄ Xmax) · ln(1 + μ) ⁄ μ.
    private static func expansion(_ mu: Double, _ range: Double, _ values: ByteView, _ statistics: TensorStatistics) -> Double {
        var (count, magnitudes, squares) = (statistics.count, statistics.sumOfMagnitudes, statistics.sumOfSquares)
        if Double(statistics.largestMagnitude) > range {
            (count, magnitudes, squares) = (0, 0, 0)
            for place in 0..<statistics.count {
                let magnitude = Double(Float(bitPattern: values.load(place * 4, as: UInt32.self)).magnitude)
                if magnitude > range { continue }
                count += 1
                magnitudes += magnitude
                squares += magnitude * magnitude
            }
        }
        let slope = mu / range
        let inverse = 1 / Double(max(count, 1))
        let mean = 1 + 2 * slope * (magnitudes * inverse) + slope * slope * (squares * inverse)
        return mean.squareRoot() * PortableMath.log2(1 + mu) * PortableMath.ln2 / mu
    }
}
