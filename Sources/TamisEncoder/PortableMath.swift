/// Logarithm and power by additions and multiplications alone, so that every machine gets the same bits: the encoder's choices,
/// and with them its bytes, must not depend on a mathematics library.
enum PortableMath {
    /// ln 2.
    static let ln2 = 0.6931471805599453

    /// log2 of a positive finite number, to about 1e−12.
    static func log2(_ x: Double) -> Double {
        // x = m · 2^e with m in [√½, √2); ln m = 2 · artanh((m − 1) ⁄ (m + 1)).
        var significand = x.significand
        var exponent = Double(x.exponent)
        if significand > 1.4142135623730951 {
            significand *= 0.5
            exponent += 1
        }
        let z = (significand - 1) / (significand + 1)
        let square = z * z
        var sum = 0.0
        for k in stride(from: 17, through: 1, by: -2) { sum = sum * square + 1 / Double(k) }
        return exponent + 2 * z * sum * 1.4426950408889634
    }

    /// 2^x, to about 1e−12; |x| at most 1000.
    static func exp2(_ x: Double) -> Double {
        let whole = x.rounded(.toNearestOrEven)
        let rest = (x - whole) * ln2
        var sum = 1.0
        for k in stride(from: 14.0, through: 1.0, by: -1) { sum = 1 + sum * rest / k }
        return sum * Double(sign: .plus, exponent: Int(whole), significand: 1)
    }

    /// e^x − 1, to about 1e−12 of itself; |x| at most 600.
    static func expMinus1(_ x: Double) -> Double {
        if x.magnitude > 0.5 { return exp2(x * 1.4426950408889634) - 1 }
        var sum = 1.0
        for k in stride(from: 14.0, through: 2.0, by: -1) { sum = 1 + sum * x / k }
        return sum * x
    }

    /// 10^(x ⁄ 10).
    static func power(decibels x: Double) -> Double { exp2(x * 0.33219280948873623) }
}
