import TamisModel

/// What the bits of an element of up to 8 bits stand for.
enum SmallElement {
    /// How the bits of a floating-point number are divided; the sign is the highest.
    private struct Layout {
        let exponentBits: Int
        let mantissaBits: Int
        let bias: Int
        /// Bits without the sign from which on there are infinities and NaN.
        var finiteBelow = 256
        /// The one NaN takes the place of −0.
        var hasUnsignedZero = false
    }

    /// NaN where the bits are no number, infinity included: a difference from it is none, either.
    static func value(_ bits: UInt8, _ type: ElementType) -> Double {
        switch type {
        case .int2: Double(Int8(bitPattern: bits << 6) >> 6)
        case .int4: Double(Int8(bitPattern: bits << 4) >> 4)
        case .float4e2m1: value(bits, Layout(exponentBits: 2, mantissaBits: 1, bias: 1))
        case .float6e2m3: value(bits, Layout(exponentBits: 2, mantissaBits: 3, bias: 1))
        case .float6e3m2: value(bits, Layout(exponentBits: 3, mantissaBits: 2, bias: 3))
        case .float8e4m3fn: value(bits, Layout(exponentBits: 4, mantissaBits: 3, bias: 7, finiteBelow: 0x7F))
        case .float8e4m3fnuz: value(bits, Layout(exponentBits: 4, mantissaBits: 3, bias: 8, hasUnsignedZero: true))
        case .float8e5m2: value(bits, Layout(exponentBits: 5, mantissaBits: 2, bias: 15, finiteBelow: 0x7C))
        case .float8e5m2fnuz: value(bits, Layout(exponentBits: 5, mantissaBits: 2, bias: 16, hasUnsignedZero: true))
        case .float8e8m0: bits == 255 ? .nan : Double(sign: .plus, exponent: Int(bits) - 127, significand: 1)
        default: Double(bits)
        }
    }

    private static func value(_ bits: UInt8, _ layout: Layout) -> Double {
        let signBit = 1 << (layout.exponentBits + layout.mantissaBits)
        let magnitude = Int(bits) & (signBit - 1)
        let isNegative = Int(bits) & signBit != 0
        if magnitude >= layout.finiteBelow || layout.hasUnsignedZero && isNegative && magnitude == 0 { return .nan }
        let exponent = magnitude >> layout.mantissaBits
        let mantissa = magnitude & (1 << layout.mantissaBits - 1)
        let significand = exponent == 0 ? mantissa : mantissa | 1 << layout.mantissaBits
        return Double(sign: isNegative ? .minus : .plus, exponent: max(exponent, 1) - layout.bias - layout.mantissaBits, significand: Double(significand))
    }
}
