import Glibc

/// 10 · log10(signal ⁄ noise), both as sums of squares.
enum SignalToNoise {
    /// - Returns: nil if there is no noise, or if there is no finite number.
    static func decibels(signal: Double, noise: Double) -> Double? {
        let decibels = 10 * log10(signal / noise)
        return noise != 0 && decibels.isFinite ? decibels : nil
    }
}
