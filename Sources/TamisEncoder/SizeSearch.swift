import TamisBits

/// Finds the scale of steps at which a stream has a certain size, by making streams.
struct SizeSearch {
    let target: Double
    /// By what part of the target a stream may be larger or smaller.
    let tolerance: ClosedRange<Double>
    /// Elements that are quantized: an octave of steps is worth about a bit for each.
    let weights: Double
    private(set) var scale = 1.0

    enum Verdict: Equatable {
        case again
        case accepted
        /// The nearest size there is.
        case impossible(Int)
    }

    /// Scales between which the wanted one lies, as logarithms, with the sizes they have.
    private var finer: (scale: Double, bytes: Double)?
    private var coarser: (scale: Double, bytes: Double)?
    private var trials = 0
    /// Where steps are so coarse, or so fine, that nothing changes any more.
    private static let reach = 40.0
    private static let mostTrials = 24
    private var start = 0.0

    init(target: Double, tolerance: ClosedRange<Double>, weights: Double) {
        self.target = target
        self.tolerance = tolerance
        self.weights = max(weights, 1)
    }

    /// Aims a little below the upper end: entropy is not quite smooth.
    private var aim: Double { target * (1 + (tolerance.lowerBound + tolerance.upperBound) / 2 + (tolerance.upperBound == 0 ? 0.002 : 0)) }

    /// Takes a first scale from estimates.
    mutating func start(_ control: RateControl) throws(TamisError) {
        var exponent = PortableMath.log2(control.startingScale(relativeError: 0.03))
        for _ in 0..<5 {
            let bits = try control.measure(control.plans(scale: PortableMath.exp2(exponent)), .brief).bits
            let change = min(max((bits - 8 * aim) / weights, -6), 6)
            exponent += change
            if abs(change) < 0.05 { break }
        }
        start = exponent
        scale = PortableMath.exp2(exponent)
    }

    mutating func judge(byteCount: Int) -> Verdict {
        trials += 1
        let bytes = Double(byteCount)
        if tolerance.contains(bytes / target - 1) { return .accepted }
        let exponent = PortableMath.log2(scale)
        if bytes > aim { finer = (exponent, bytes) } else { coarser = (exponent, bytes) }
        let next: Double
        if let finer, let coarser {
            // A secant where sizes differ, kept away from the ends; halving now and then.
            let part = (finer.bytes - aim) / max(finer.bytes - coarser.bytes, 1)
            next = finer.scale + (coarser.scale - finer.scale) * (trials % 4 == 3 ? 0.5 : min(max(part, 0.05), 0.95))
            if trials > Self.mostTrials || coarser.scale - finer.scale < 1e-9 {
                // Sizes jump over the tolerance: the largest that is not above the target will do.
                if tolerance.upperBound == 0 && exponent != coarser.scale {
                    scale = PortableMath.exp2(coarser.scale)
                    return .again
                }
                return tolerance.upperBound == 0 && bytes <= target ? .accepted : .impossible(byteCount)
            }
        } else {
            let change = (bytes - aim) * 8 / weights
            // Where sizes hardly follow the steps any more, strides grow.
            let least = trials > 3 ? PortableMath.exp2(Double(trials - 5)) : 0.01
            next = exponent + (change > 0 ? max(change, least) : min(change, -least))
            if abs(next - start) > Self.reach || trials > Self.mostTrials {
                // Nothing is finer: smaller than asked is what a size allows.
                return bytes <= target && tolerance.upperBound == 0 ? .accepted : .impossible(byteCount)
            }
        }
        scale = PortableMath.exp2(min(max(next, -120), 120))
        return .again
    }
}
