/// IEEE 754 binary16, for platforms whose Swift has no Float16.
enum HalfPrecision {
    /// Exact: every half is a Double.
    static func value(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 31)
        let fraction = Double(bits & 1023)
        let magnitude =
            switch exponent {
            case 0: fraction * 0x1p-24
            case 31: fraction == 0 ? Double.infinity : .nan
            default: Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction * 0x1p-10)
            }
        return bits >> 15 == 0 ? magnitude : -magnitude
    }
}
