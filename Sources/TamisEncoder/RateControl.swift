import TamisBits
import TamisQuantization
import TamisThreads

/// Finds the scale of all steps that meets the target.
///
/// Distortion and rate are measured on samples of the tensors, with the quantizers that will be used. For a target of distortion
/// that is all: the samples are large enough. For a target of rate it is the start; then whole streams are made.
struct RateControl: Sendable {
    let tensors: [TensorWork]
    let allocation: StepAllocation
    let sliceElements: Int
    let threads: ThreadCount

    /// Elements that stand for the model.
    static let sampledElements = 1 << 18
    /// Elements that stand for a tensor, at the least.
    static let fewestSampled = 2048
    private static let sampledRun = 8192
    private static let mostTrials = 16

    func plans(scale: Double) -> [TensorPlan] { tensors.map { allocation.plan($0, scale: scale) } }

    struct Measure: Sendable {
        var distortion = Distortion()
        /// Estimated bits of all tensors.
        var bits = 0.0
    }

    func measure(_ plans: [TensorPlan]) -> Measure {
        let total = tensors.reduce(0) { $0 + (plans[$1.number].quantizer == nil ? 0 : $1.elementCount) }
        let parts = parallelMap(tensors.count, threads: threads) { _, number -> (squaredError: Double, bits: Double) in
            let work = tensors[number]
            guard let quantizer = plans[number].quantizer else { return (0, Double(work.original.count) * 7.4) }
            let share = Int(Double(Self.sampledElements) * Double(work.elementCount) / Double(max(total, 1)))
            let sample = TensorCoder.Sample(elements: max(share, Self.fewestSampled), run: min(max(share, Self.fewestSampled), Self.sampledRun))
            let coder = TensorCoder(work, quantizer, allocation.profile.probing, sample: sample, sliceElements: sliceElements)
            let count = Double(work.elementCount)
            return (coder.meanSquaredError * count, coder.bitsPerElement * count + Double(coder.lineClasses.count * 8))
        }
        var measure = Measure()
        for (work, part) in zip(tensors, parts) {
            measure.distortion.addEnergy(work)
            if plans[work.number].quantizer != nil { measure.distortion.add(work, squaredError: part.squaredError) }
            measure.bits += part.bits
        }
        return measure
    }

    /// The scale at which the sampled tensors have the distortion asked for.
    ///
    /// - Parameter error: what shall be 1: the distortion over the one asked for, as a ratio of squared errors.
    /// - Returns: the scale; nil if the tensors whose steps do not follow the scale are too coarse by themselves.
    func scale(from start: Double, where error: (Measure) -> Double) -> Double? {
        if !tensors.contains(where: \.followsScale) { return start }
        // The error of tensors whose steps do not follow the scale.
        let fixed = tensors.contains { $0.exactReason == nil && !$0.followsScale } ? error(measure(plans(scale: start).enumerated().map {
            tensors[$0].followsScale ? .exact("") : $1
        })) : 0
        if fixed >= 1 { return nil }
        var scale = start
        var nearest = (scale: start, distance: Double.infinity)
        var finer: Double?
        var coarser: Double?
        for trial in 0..<Self.mostTrials {
            let ratio = (error(measure(plans(scale: scale))) - fixed) / (1 - fixed)
            if !(ratio > 0) || !ratio.isFinite { return scale }
            let distance = abs(ratio - 1)
            if distance < nearest.distance { nearest = (scale, distance) }
            if ratio < 1 { finer = scale } else { coarser = scale }
            // Errors go about with the square of the scale. Where weights were pruned they may go with its fourth power, and steps that
            // trust in the square go back and forth: then the bracket is halved.
            scale /= min(max(ratio, 1e-4), 1e4).squareRoot()
            if distance < 0.004 { return scale }
            if let finer, let coarser, trial >= 4 || scale <= min(finer, coarser) || scale >= max(finer, coarser) {
                scale = (finer * coarser).squareRoot()
            }
        }
        return nearest.scale
    }

    /// Where to start: the scale at which plain rounding has the relative error.
    func startingScale(relativeError: Double) -> Double {
        var count = 0.0
        for work in tensors where work.exactReason == nil { count += Double(work.elementCount) }
        switch allocation.allocation {
        case .balanced: return (12 * relativeError / max(count, 1)).squareRoot()
        case .global:
            var inverse = 0.0
            for work in tensors where work.exactReason == nil {
                let deviation = work.statistics.standardDeviation
                if deviation > 0 { inverse += 1 / (deviation * deviation) }
            }
            return inverse > 0 ? (12 * relativeError / inverse).squareRoot() : 1
        }
    }
}
