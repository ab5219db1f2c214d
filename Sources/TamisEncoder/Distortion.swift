import TamisModel

/// What quantization did to some tensors: sums that can be added. Pruned weights count as the zeros they were quantized from: how
/// much to prune is not for the target to say.
struct Distortion: Sendable, Equatable {
    /// Σ over quantized tensors of the mean squared error over the variance; where errors are hidden, of what is left of them at the
    /// layer's output.
    var relativeError = 0.0
    /// What of it comes from steps that are coarser than the target asks, because a grid of integers reaches no further.
    var relativeErrorInExcess = 0.0
    /// Sums of squared errors and of squares, over quantizable tensors of two or more dimensions.
    var squaredError = 0.0
    var energy = 0.0

    /// - Parameters:
    ///   - excess: see `TensorPlan`.
    ///   - error: of the whole tensor.
    mutating func add(_ work: TensorWork, excess: Double, _ error: SquaredError) {
        let deviation = work.statistics.standardDeviation
        if deviation > 0 {
            let own = error.sum * (work.coupling?.meanWeight ?? 1) / Double(work.elementCount) / (deviation * deviation)
            relativeError += own
            relativeErrorInExcess += own * (1 - 1 / excess)
        }
        if work.description.shape.rank >= 2 { squaredError += error.ofValues }
    }

    /// Counts the energy of a tensor, quantized or not.
    mutating func addEnergy(_ work: TensorWork) {
        if work.description.elementType.isQuantizable && work.description.shape.rank >= 2 && work.statistics.isFinite {
            energy += work.statistics.sumOfSquares
        }
    }

    /// −10 · log10 of the relative error.
    var quality: Double { relativeError > 0 ? -10 * PortableMath.log2(relativeError) / PortableMath.log2(10) : .infinity }

    /// Signal-to-noise ratio in decibels.
    var snr: Double { squaredError > 0 && energy > 0 ? 10 * PortableMath.log2(energy / squaredError) / PortableMath.log2(10) : .infinity }
}
