/// Where the sign, the exponent and the mantissa of a floating-point element lie (Spec §6.9.1).
///
/// Only bits are looked at: what they stand for, and which of them are infinities or NaNs, does not matter to coding.
package struct FloatLayout: Sendable, Equatable {
    /// W: 8, 16, 32 or 64.
    package let bitCount: Int
    /// m: the bits below the exponent.
    package let mantissaBits: Int
    /// True if the highest bit is a sign; what lies above the mantissa otherwise is all exponent.
    package let hasSign: Bool

    package static let float64 = FloatLayout(bitCount: 64, mantissaBits: 52)
    package static let float32 = FloatLayout(bitCount: 32, mantissaBits: 23)
    package static let float16 = FloatLayout(bitCount: 16, mantissaBits: 10)
    package static let bfloat16 = FloatLayout(bitCount: 16, mantissaBits: 7)
    /// Of float8e4m3fn and float8e4m3fnuz.
    package static let float8E4M3 = FloatLayout(bitCount: 8, mantissaBits: 3)
    /// Of float8e5m2 and float8e5m2fnuz.
    package static let float8E5M2 = FloatLayout(bitCount: 8, mantissaBits: 2)
    package static let float8E8M0 = FloatLayout(bitCount: 8, mantissaBits: 0, hasSign: false)

    private init(bitCount: Int, mantissaBits: Int, hasSign: Bool = true) {
        self.bitCount = bitCount
        self.mantissaBits = mantissaBits
        self.hasSign = hasSign
    }

    /// Bytes of an element.
    package var byteCount: Int { bitCount / 8 }
    /// 1 or 0.
    package var signBits: Int { hasSign ? 1 : 0 }
    package var exponentBits: Int { bitCount - signBits - mantissaBits }
    /// All bits of an element but the sign.
    package var magnitudeMask: UInt64 { UInt64.max >> UInt64(64 - bitCount + signBits) }
}
