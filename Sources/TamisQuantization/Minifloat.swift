/// A small floating-point format without infinities and NaNs (Spec §7.6): every exponent code is a number.
///
/// Magnitudes are numbered by rank, from the smallest up: rank r has exponent code r >> m and mantissa r mod 2^m.
package struct Minifloat: Sendable, Equatable {
    /// 0 … 5.
    package let exponentBits: Int
    /// 0 … 10.
    package let mantissaBits: Int
    /// −80 … 100: the magnitude of exponent code E and mantissa 0 is 2^(E − bias).
    package let bias: Int
    /// Exponent code 0 stands for subnormal numbers and zero, as in IEEE 754.
    package let hasSubnormals: Bool

    package static let exponentBitsRange: ClosedRange<Int> = 0...5
    package static let mantissaBitsRange: ClosedRange<Int> = 0...10
    package static let biasRange: ClosedRange<Int> = -80...100

    /// - Returns: nil outside the ranges.
    package init?(exponentBits: Int, mantissaBits: Int, bias: Int, hasSubnormals: Bool) {
        guard Self.exponentBitsRange.contains(exponentBits), Self.mantissaBitsRange.contains(mantissaBits), Self.biasRange.contains(bias) else {
            return nil
        }
        self.exponentBits = exponentBits
        self.mantissaBits = mantissaBits
        self.bias = bias
        self.hasSubnormals = hasSubnormals
    }

    package var rankCount: Int { 1 << (exponentBits + mantissaBits) }

    /// The magnitude of a rank, 0 … `rankCount` − 1; exact in binary32.
    package func magnitude(rank: Int) -> Float {
        let code = rank >> mantissaBits
        let fraction = Float(rank & ((1 << mantissaBits) - 1)) / Float(1 << mantissaBits)
        if hasSubnormals && code == 0 { return fraction * Float(sign: .plus, exponent: 1 - bias, significand: 1) }
        return (1 + fraction) * Float(sign: .plus, exponent: code - bias, significand: 1)
    }
}
