import TamisBits
import TamisQuantization
import TamisThreads

/// Finds the scale of all steps that meets the target.
///
/// Distortion and rate are measured on samples of the tensors, with the quantizers that will be used: first on small ones, then on
/// those that the coders of the tensors are made from. Whole streams have the last word: one usually does for a target of distortion,
/// some are made for a target of rate.
struct RateControl: Sendable {
    let tensors: [TensorWork]
    let allocation: StepAllocation
    let sliceElements: Int
    let threads: ThreadCount

    /// How much of the model is measured.
    enum Depth: Sendable {
        /// Some 2^17 elements: to within a few percent.
        case brief
        /// All that coders are made from.
        case full
    }

    private static let briefElements = 1 << 17
    /// Elements that stand for a tensor, at the least.
    private static let fewestSampled = 2048
    private static let briefRun = 8192

    func plans(scale: Double) -> [TensorPlan] { tensors.map { allocation.plan($0, scale: scale) } }

    /// What came of the samples.
    struct Measure: Sendable {
        var distortion = Distortion()
        /// Estimated bits of all tensors.
        var bits = 0.0
        /// By the tensors' numbers; nil for those kept exact.
        var coders: [TensorCoder?] = []
    }

    func measure(_ plans: [TensorPlan], _ depth: Depth) throws(TamisError) -> Measure {
        let total = tensors.reduce(0) { $0 + (plans[$1.number].quantizer == nil ? 0 : $1.elementCount) }
        let profile = depth == .brief ? allocation.profile.probing : allocation.profile
        let coders = try parallelMap(tensors.count, threads: threads) { _, number -> TensorCoder? in
            let work = tensors[number]
            guard let quantizer = plans[number].quantizer else { return nil }
            var sample = TensorCoder.fullSample
            if depth == .brief {
                let share = max(Int(Double(Self.briefElements) * Double(work.elementCount) / Double(max(total, 1))), Self.fewestSampled)
                sample = TensorCoder.Sample(elements: share, run: min(share, Self.briefRun))
            }
            let coder = TensorCoder(work.loaded(), quantizer, profile, preservesGain: allocation.preservesGain, sample: sample, sliceElements: sliceElements)
            work.release()
            return coder.unloaded()
        }
        var measure = Measure()
        for (work, coder) in zip(tensors, coders) {
            measure.distortion.addEnergy(work)
            guard let coder else {
                measure.bits += Double(work.original.count) * Self.exactBitsPerByte
                continue
            }
            let count = Double(work.elementCount)
            measure.distortion.add(work, excess: plans[work.number].excess, coder.meanError.scaled(by: count))
            measure.bits += coder.bitsPerElement * count + Double(coder.lineClasses.count * 8)
        }
        measure.coders = coders
        return measure
    }

    /// Of tensors kept exact, about.
    private static let exactBitsPerByte = 7.4

    /// What a distortion is over the one asked for, as a ratio of squared errors.
    typealias Error = @Sendable (Distortion) -> Double

    /// Plans with a scale, and coders for them.
    struct Choice: Sendable {
        let scale: Double
        let plans: [TensorPlan]
        let coders: [TensorCoder?]
        /// The part of the error that does not follow the scale.
        let fixed: Double
        /// Some tensors follow the scale.
        let follows: Bool

        /// The scale that the error of a whole stream tells to try instead; nil if the error is within 1 %.
        func correctedScale(error: Double) -> Double? {
            if !follows || abs(error - 1) <= 0.01 || !(error > fixed) || !error.isFinite { return nil }
            return scale * ((1 - fixed) / (error - fixed)).squareRoot()
        }
    }

    /// The choice with which the sampled tensors have the distortion asked for.
    ///
    /// - Returns: nil if the tensors whose steps do not follow the scale are too coarse by themselves.
    func choice(from start: Double, error: Error) throws(TamisError) -> Choice? {
        // The error of tensors whose steps do not follow the scale.
        var fixed = 0.0
        if tensors.contains(where: { $0.exactReason == nil && !$0.followsScale }) {
            let others = plans(scale: start)
            fixed = error(try measure(tensors.map { $0.followsScale ? .exact("") : others[$0.number] }, .brief).distortion)
        }
        let follows = tensors.contains(where: \.followsScale)
        if follows && fixed >= 1 { return nil }
        var scale = start
        for (depth, tolerance, trials) in [(Depth.brief, 0.02, 16), (Depth.full, 0.004, 8)] {
            var finer: Double?
            var coarser: Double?
            var before: (scale: Double, ratio: Double)?
            for trial in 1...trials {
                let plans = plans(scale: scale)
                let measure = try measure(plans, depth)
                let ratio = (error(measure.distortion) - fixed) / (1 - fixed)
                let isDone = !follows || !(ratio > 0) || !ratio.isFinite || abs(ratio - 1) < tolerance
                if depth == .full && (isDone || trial == trials) {
                    return Choice(scale: scale, plans: plans, coders: measure.coders, fixed: fixed, follows: follows)
                }
                if follows && ratio > 0 && ratio.isFinite {
                    if ratio < 1 { finer = scale } else { coarser = scale }
                    // Errors go about with the square of the scale; where weights were pruned, or hardly any are left, with another
                    // power, which two trials tell.
                    var power = 2.0
                    if let before, abs(before.scale / scale - 1) > 1e-4 {
                        power = min(max(PortableMath.log2(ratio / before.ratio) / PortableMath.log2(scale / before.scale), 0.5), 8)
                    }
                    before = (scale, ratio)
                    scale *= PortableMath.exp2(-PortableMath.log2(min(max(ratio, 1e-4), 1e4)) / power)
                    if let finer, let coarser, trial > 4 || scale <= min(finer, coarser) || scale >= max(finer, coarser) {
                        scale = (finer * coarser).squareRoot()
                    }
                }
                if isDone { break }
            }
        }
        return nil
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
