/// ±significand · 2^exponent without rounding, for as long as 128 bits hold it.
struct ExactNumber: Comparable {
    var significand: Int128
    var exponent: Int

    init(_ significand: Int128, exponent: Int = 0) {
        self.significand = significand
        self.exponent = exponent
    }

    init(_ value: Double) {
        let isNormal = value.exponentBitPattern != 0
        let magnitude = Int128(value.significandBitPattern | (isNormal ? 1 << 52 : 0))
        significand = value.sign == .minus ? -magnitude : magnitude
        exponent = Int(max(value.exponentBitPattern, 1)) - 1075
    }

    init(_ value: Float) { self.init(Double(value)) }

    /// Both at the lower exponent, after taking out powers of two.
    private static func aligned(_ a: ExactNumber, _ b: ExactNumber) -> (Int128, Int128, exponent: Int) {
        var (a, b) = (a.reduced, b.reduced)
        if a.significand == 0 { a.exponent = b.exponent }
        if b.significand == 0 { b.exponent = a.exponent }
        let exponent = min(a.exponent, b.exponent)
        a.significand = shifted(a.significand, a.exponent - exponent)
        b.significand = shifted(b.significand, b.exponent - exponent)
        return (a.significand, b.significand, exponent)
    }

    private static func shifted(_ value: Int128, _ count: Int) -> Int128 {
        precondition(value.magnitude.leadingZeroBitCount > count, "128 bits do not hold the number")
        return value << Int128(count)
    }

    private var reduced: ExactNumber {
        if significand == 0 { return ExactNumber(Int128(0)) }
        let zeros = significand.trailingZeroBitCount
        return ExactNumber(significand >> Int128(zeros), exponent: exponent + zeros)
    }

    var magnitude: ExactNumber { ExactNumber(significand < 0 ? -significand : significand, exponent: exponent) }

    static func == (a: ExactNumber, b: ExactNumber) -> Bool { aligned(a, b).0 == aligned(a, b).1 }
    static func < (a: ExactNumber, b: ExactNumber) -> Bool { aligned(a, b).0 < aligned(a, b).1 }
    static func + (a: ExactNumber, b: ExactNumber) -> ExactNumber {
        let (a, b, exponent) = aligned(a, b)
        return ExactNumber(a + b, exponent: exponent)
    }
    static func - (a: ExactNumber, b: ExactNumber) -> ExactNumber { a + ExactNumber(-b.significand, exponent: b.exponent) }
    static func * (a: ExactNumber, b: ExactNumber) -> ExactNumber {
        let (a, b) = (a.reduced, b.reduced)
        return ExactNumber(a.significand * b.significand, exponent: a.exponent + b.exponent)
    }

    /// ⌈self ⁄ divisor⌉, both positive.
    func dividedUp(by divisor: ExactNumber) -> Int128 {
        let (a, b, _) = Self.aligned(self, divisor)
        return a / b + (a % b > 0 ? 1 : 0)
    }

    /// To so many significant bits, to nearest, ties to even; for numbers no format of these bits has as subnormal.
    func rounded(toBits bits: Int) -> ExactNumber {
        let reduced = reduced
        let magnitude = reduced.significand.magnitude
        let excess = 128 - magnitude.leadingZeroBitCount - bits
        if excess <= 0 { return reduced }
        let half = UInt128(1) << UInt128(excess - 1)
        let rest = magnitude & ((half << 1) - 1)
        var quotient = magnitude >> UInt128(excess)
        if rest > half || (rest == half && quotient & 1 == 1) { quotient += 1 }
        let significand = Int128(quotient)
        return ExactNumber(reduced.significand < 0 ? -significand : significand, exponent: reduced.exponent + excess)
    }
}
