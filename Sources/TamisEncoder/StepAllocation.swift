import TamisModel
import TamisQuantization
import TamisSyntax

/// Decides how fine each tensor is quantized (Spec/rationale/0008).
///
/// Rounding n weights of standard deviation σ with step Δ adds relative noise Δ² ⁄ 12σ² at the layer's output, whatever the fan-in.
/// Minimising the rate for a given sum ε of these gives Δ = c · σ · √n with c² = 12 ε ⁄ N, N the number of weights.
enum StepAllocation {
    /// Lists shorter than this are rather sizes, scales or bounds that the graph computes with than weights: they stay exact.
    static let fewestQuantized = 64
    /// Biases and normalisation parameters are few but matter to whole channels: two more bits cost nearly nothing.
    static let vectorRefinement = 0.25
    /// Beyond this many steps an index would cost about as much as the value itself.
    static let mostSteps = 0x1p22

    /// - Parameter exclusions: for each tensor, the pattern that excludes it.
    static func plan(
        _ tensors: [TensorDescription], _ statistics: [TensorStatistics], exclusions: [String?], target: EncodingOptions.Target
    ) -> [TensorPlan] {
        let candidates = tensors.indices.map { tensor in
            exactReason(tensors[tensor], statistics[tensor], exclusion: exclusions[tensor], target)
        }
        var weightCount = 0.0
        for tensor in tensors.indices where candidates[tensor] == nil { weightCount += Double(statistics[tensor].count) }
        return tensors.indices.map { tensor in
            if let reason = candidates[tensor] { return .exact(reason) }
            let own = statistics[tensor]
            let step: Double
            switch target {
            case .step(let absolute): step = Double(absolute)
            case .quality(let decibels):
                let c = (12 * PortableMath.power(decibels: -decibels) / weightCount).squareRoot()
                let balanced = c * own.standardDeviation * Double(own.count).squareRoot()
                step = tensors[tensor].shape.rank < 2 ? balanced * vectorRefinement : balanced
            default: step = 1
            }
            let rounded = Float(step)
            if !QuantizerGrid.stepRange.contains(rounded) { return .exact("its step would be \(rounded), outside what the format allows") }
            if Double(own.largestMagnitude) / Double(rounded) > mostSteps { return .exact("its largest value is more than 2^22 steps") }
            return .quantized(step: rounded)
        }
    }

    private static func exactReason(
        _ tensor: TensorDescription, _ statistics: TensorStatistics, exclusion: String?, _ target: EncodingOptions.Target
    ) -> String? {
        if let exclusion { return "it is excluded by '\(exclusion)'" }
        if tensor.elementType != .float32 { return "its type is not float32" }
        if statistics.count == 0 { return "it is empty" }
        if !statistics.isFinite { return "it has values that are not finite" }
        if case .step = target { return nil }
        if statistics.standardDeviation == 0 { return "all its values are equal" }
        if statistics.count < fewestQuantized { return "it has fewer than \(fewestQuantized) values" }
        return nil
    }
}
