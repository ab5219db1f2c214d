/// How the values of a tensor become indices. The first four are as fine as the target asks; the others have a fineness of their own.
public enum QuantizerChoice: Sendable, Equatable {
    /// Uniform with relative deadzone δ, 0 … 1, snapped to 256ths: ½ is rounding to nearest (midtread), 0 has no zero cell (midrise).
    case uniform(deadzone: Double)
    /// Rounding to nearest or to a cheaper index, whichever has the lower sum of distortion and λ · rate.
    case rateDistortion
    /// Trellis-coded quantization with 8, 16, 32, 64, 128 or 256 states.
    case trellis(states: Int)
    /// μ-law companding: uniform on sgn(x) · Xmax · ln(1 + μ|x| ⁄ Xmax) ⁄ ln(1 + μ).
    ///
    /// - `mu`: 2^−10 … 2^20.
    /// - `range`: Xmax; nil: the tensor's largest magnitude.
    /// - `levels`: levels over −Xmax … Xmax, 2 … 131070; nil: as many as the target asks.
    case muLaw(mu: Double, range: Double?, levels: Int?)
    /// Normalised numbers of a sign, `exponentBits` (0 … 5) and `mantissaBits` (0 … 10); the bias makes the largest magnitude fit.
    case minifloat(exponentBits: Int, mantissaBits: Int)
    /// IEEE 754 binary16, to nearest even.
    case half
    /// Δ = max|x| ⁄ (2^(b−1) − 1), `bits` 2 … 16.
    case symmetric(bits: Int)
    /// Scale and zero point over a calibrated range, `bits` 1 … 16.
    case affine(bits: Int, calibration: Calibration)
    /// k-means centroids, `levels` 2 … 65536.
    case codebook(levels: Int)
    /// Bit-exact.
    case exact

    /// How the range of an affine quantizer is found; it always contains 0.
    public enum Calibration: Sendable, Equatable {
        case minMax
        /// Cuts (100 − p) ⁄ 2 percent off either end; 50 … 100.
        case percentile(Double)
        /// The fraction of the full range with the least mean squared error.
        case meanSquaredError
    }
}

/// Which weights become zero before they are quantized.
public enum Pruning: Sendable, Equatable {
    /// Magnitudes below γ · σ, σ the sample standard deviation of the tensor.
    case deviations(Double)
    /// Magnitudes below this.
    case magnitude(Double)
    /// All but the `kept` largest magnitudes of every `group` neighbours in C order (a last, shorter group keeps its share, rounded up).
    case pattern(kept: Int, group: Int)
    /// Rows (first axis) whose mean magnitude is below this fraction of the tensor's; tensors of one dimension stay.
    case rows(Double)
}
