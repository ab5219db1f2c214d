/// The scale class of a line, found by comparisons alone: the encoder's bytes must not depend on a mathematics library.
package enum LineScale {
    /// The borders between classes within an octave: the smallest binary64 numbers above 2^(1 ⁄ 4) and 2^(3 ⁄ 4).
    private static let lowerBorder = 0x1.306fe0a31b716p0
    private static let upperBorder = 0x1.ae89f995ad3aep0

    /// round(2 · log2(`value` ⁄ `reference`)), kept within −16 … 15; −16 for a value of zero.
    ///
    /// - Parameters:
    ///   - value: finite, not negative.
    ///   - reference: finite, positive.
    package static func scaleClass(of value: Double, against reference: Double) -> Int8 {
        Int8(min(max(halfOctaves(of: value, against: reference), -16), 15))
    }

    /// round(2 · log2(`value` ⁄ `reference`)), within ±4096; −4096 for a value of zero.
    package static func halfOctaves(of value: Double, against reference: Double) -> Int {
        let ratio = value / reference
        if !(ratio > 0) { return -4096 }
        if !ratio.isFinite { return 4096 }
        let significand = ratio.significand
        let part = significand < lowerBorder ? 0 : significand < upperBorder ? 1 : 2
        return 2 * Int(ratio.exponent) + part
    }
}
