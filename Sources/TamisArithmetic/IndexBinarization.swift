/// How an index becomes bins and raw bits (Spec §6.4), by the scale class of its weight.
///
/// An index of magnitude m > 0 in a class with shift k is: a zero flag, a sign, (m − 1) >> k in unary up to `unaryCap` and beyond
/// it in Exp-Golomb form, the highest of the k low bits under a context, the others raw. The shift keeps the unary part short at
/// every rate.
package struct IndexBinarization: Sendable {
    /// Classes −8 … 8 are stored as 0 … 16.
    package static let classCount = 17
    package static let centralClass = 8
    package static let magnitudeCodeBias = 16

    static let unaryCap = 14
    static let exponentCap = 31
    static let shiftCap = 24

    // Places of the contexts of one class.
    /// Four neighbour classes each in even states, then in odd ones.
    static let zeroFlag = 0
    static let firstUnary = 8
    static let secondUnary = 16
    static let laterUnary = 20 - 2
    static let escapePrefix = 32
    static let escapePrefixLast = 15
    static let lowBit = 48
    static let contextsPerClass = 52
    static let signContexts = classCount * contextsPerClass
    static let contextCount = signContexts + 27

    /// What the binarization needs to know of a class.
    package struct Class: Sendable {
        /// k.
        package let shift: UInt32
        /// Sums of two magnitudes at which the neighbour class becomes 1, 2, 3.
        package let threshold1, threshold2, threshold3: UInt32

        /// 0 … 3: the sum of the two magnitudes before, against what the class expects.
        @inline(__always)
        package func neighbourClass(of sum: UInt32) -> Int {
            (sum >= threshold1 ? 1 : 0) &+ (sum >= threshold2 ? 1 : 0) &+ (sum >= threshold3 ? 1 : 0)
        }
    }

    /// By class, 0 … 16.
    package let classes: [Class]

    /// - Parameter magnitudeCode: expected magnitude of an index of the central class, as 2^((code − 16) ⁄ 2); a class more
    ///   means a factor √2.
    package init(magnitudeCode: UInt8) {
        classes = (0..<Self.classCount).map { scaleClass in
            let t = Int(magnitudeCode) - Self.magnitudeCodeBias + scaleClass - Self.centralClass
            // 2048 · 2^(t ⁄ 2), √2 taken as 181 ⁄ 128.
            let half = (t + 64) / 2 - 32
            let mantissa: UInt64 = (t + 64) % 2 == 0 ? 2048 : 2896
            let expected = half >= 0 ? mantissa << UInt64(half) : mantissa >> UInt64(-half)
            func threshold(_ sixteenths: UInt64) -> UInt32 {
                UInt32(min((expected * sixteenths + 32767) >> 15, UInt64(UInt32.max)))
            }
            return Class(
                shift: UInt32(t > 2 ? min((t - 1) / 2, Self.shiftCap) : 0), threshold1: threshold(13), threshold2: threshold(29),
                threshold3: threshold(51))
        }
    }

    /// The largest magnitude of an index: twice it fits 32 bits with a sign.
    package static let maximumMagnitude: UInt32 = (1 << 30) - 1

    /// Elements that a codeword of `codewordBytes` can hold at the most: see `AdaptiveProbability.floor` (Spec §9).
    package static func maximumElements(codewordBytes: UInt64) -> UInt64 {
        if codewordBytes >= UInt64.max / 16384 { return .max }
        return (codewordBytes + 1) * 16384
    }
}
