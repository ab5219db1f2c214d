import TamisModel
import TamisQuantization
import TamisSyntax

/// Decides how fine each tensor is quantized (Spec/rationale/0008).
///
/// Rounding n weights of standard deviation σ with step Δ adds relative noise Δ² ⁄ 12σ² at the layer's output, whatever the fan-in.
/// Minimising the rate for a given sum ε of these gives Δ = c · σ · √n with c² = 12 ε ⁄ N, N the number of weights. A quantizer
/// other than rounding gets the step and the λ that go with the same slope of distortion against rate.
struct StepAllocation: Sendable {
    let allocation: EncodingOptions.Allocation
    let profile: EffortProfile
    /// Levels of searched quantizers are moved to where outputs keep their size, not to where the error is least.
    let preservesGain: Bool

    /// Lists shorter than this are rather sizes, scales or bounds that the graph computes with than weights: they stay exact.
    static let fewestQuantized = 64
    /// Biases and normalisation parameters are few but matter to whole channels: two more bits cost nearly nothing.
    static let vectorRefinement = 0.25
    /// Beyond this many steps an index would cost about as much as the value itself.
    static let mostSteps = 0x1p22
    /// The slope −dD ⁄ dR of rounding with step Δ at high rates, in Δ² per bit: 2 ln 2 ⁄ 12.
    static let slope = 0.11552453009332421

    /// How coarse a tensor is against others: its step of plain rounding is this times the scale.
    func coarseness(_ work: TensorWork) -> Double {
        let weight = (work.settings.weight ?? 1).squareRoot()
        switch allocation {
        case .global: return 1 / weight
        case .balanced:
            let balanced = work.statistics.standardDeviation * Double(work.elementCount).squareRoot() / weight
            // Errors that hide each other may be larger.
            let hiding = (work.coupling?.meanWeight ?? 1).squareRoot()
            return work.description.shape.rank < 2 ? balanced * Self.vectorRefinement : balanced / hiding
        }
    }

    /// - Parameter scale: what the tensor's coarseness is multiplied by.
    func plan(_ work: TensorWork, scale: Double) -> TensorPlan {
        if let reason = work.exactReason { return .exact(reason) }
        if let fitted = work.fitted { return .quantized(.fitted(fitted)) }
        if let step = work.settings.step { return plan(work, step: Double(step), isOwn: true) }
        return plan(work, step: coarseness(work) * scale / work.rowStepGain.squareRoot(), isOwn: false)
    }

    /// - Parameters:
    ///   - step: of plain rounding.
    ///   - isOwn: the values shall be multiples of just this step.
    private func plan(_ work: TensorWork, step: Double, isOwn: Bool) -> TensorPlan {
        var quantizer: TensorQuantizer
        switch choice(work) {
        case .uniform(let deadzone): quantizer = .rounding(DeadzoneQuantizer(step: Float(step), deadzone: deadzone))
        case .rateDistortion:
            let factor = isOwn ? 1 : SearchTuning.scalarStep
            quantizer = .rateDistortion(step: Float(step * factor), lambda: Self.slope / (factor * factor))
        case .trellis(let states):
            guard let trellis = Trellis(statesLog2: states.trailingZeroBitCount) else { return .exact("there is no trellis of \(states) states") }
            let meanMagnitude = work.valueStatistics.meanMagnitude / (isOwn ? step / 0.6 : step)
            let factor = SearchTuning.trellisStep(meanMagnitude: meanMagnitude)
            quantizer = .trellis(trellis, step: Float(isOwn ? step : step * factor), lambda: Self.slope / (factor * factor))
        case let choice:
            switch FittedQuantizer.fit(
                choice, to: work.loaded().values, statistics: work.valueStatistics, step: step, prunedBelow: work.prunedBelow, isPruned: work.changed != nil)
            {
            case .success(let fitted): return .quantized(.fitted(fitted))
            case .failure(let refusal): return .exact(refusal.description)
            }
        }
        var excess = 1.0
        if !isOwn, quantizer.step < work.finestStep(spacing: quantizer.spacing) {
            // Levels of a trellis lie closer than those of rounding with the same error: so these reach further.
            if case .trellis = quantizer { quantizer = .rounding(DeadzoneQuantizer(step: Float(step), deadzone: 0.5)) }
            let ratio = Double(work.finestStep(spacing: quantizer.spacing)) / Double(quantizer.step)
            if ratio > 1 {
                excess = ratio * ratio
                quantizer = quantizer.coarsened(to: work.finestStep(spacing: quantizer.spacing))
            }
        }
        if !QuantizerGrid.stepRange.contains(quantizer.step) {
            return .exact("its step would be \(quantizer.step), outside what the format allows")
        }
        if Double(work.statistics.largestMagnitude) / Double(quantizer.step) / work.smallestRowFactor > Self.mostSteps {
            return .exact("its largest value is more than 2^22 steps")
        }
        // Levels may lie some steps beyond the values.
        if work.description.elementType == .float16, 2 * Double(work.statistics.largestMagnitude) + 64 * Double(quantizer.step) * work.largestRowFactor > 65504 {
            return .exact("its values come near the end of what float16 can hold")
        }
        return .quantized(quantizer, excess: excess)
    }

    /// The quantizer of a tensor: what its settings say, else what the effort does; small tensors are rounded.
    private func choice(_ work: TensorWork) -> QuantizerChoice {
        if let choice = work.settings.quantizer {
            return work.isGrouped && choice.isSearched ? .uniform(deadzone: 0.5) : choice
        }
        if work.isGrouped || work.description.shape.rank < 2 { return .uniform(deadzone: 0.5) }
        switch profile.search {
        case .rounding: return .uniform(deadzone: 0.5)
        // Judging indices by their rate does not go with hiding errors (Spec/rationale/0014).
        case .rateDistortion: return work.coupling == nil ? .rateDistortion : .uniform(deadzone: 0.5)
        case .trellis(let statesLog2): return .trellis(states: 1 << statesLog2)
        }
    }
}

/// Steps of searched quantizers, in steps of plain rounding with the same slope: what gave the fewest bits at equal distortion on
/// real weights (Spec/rationale/0011).
enum SearchTuning {
    static let scalarStep = 0.95

    /// At high rates a trellis has the distortion of rounding with a step 1.77 times its own; at low rates coarser steps and a
    /// smaller λ are better.
    ///
    /// - Parameter meanMagnitude: of the values, in steps of plain rounding.
    static func trellisStep(meanMagnitude: Double) -> Double { 0.6 + 0.125 * min(max(1.4 - meanMagnitude, 0), 0.8) }
}
