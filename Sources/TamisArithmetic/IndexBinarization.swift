/// How an index becomes symbols, bins and raw bits (Spec §6.4), by the scale class of its weight.
///
/// Of an index of magnitude m the cell x is 0 for m = 0 and 1 + ((m − 1) >> k) otherwise, with the shift k of the class. A cell is
/// coded by groups of four decisions, does it go on?, and beyond `cellCap` in Exp-Golomb form; then come a sign, the highest of the
/// k low bits under a context, and the others raw. The shift keeps cells small at every rate.
package struct IndexBinarization: Sendable {
    /// Classes −8 … 8 are stored as 0 … 16.
    package static let classCount = 17
    package static let centralClass = 8
    package static let magnitudeCodeBias = 16

    /// The cell from which on the escape says by how much it is exceeded.
    static let cellCap = 12
    static let exponentCap = 31
    static let shiftCap = 24

    // Places of the groups and contexts of one class, in words.
    /// Groups of the first four decisions: four neighbour classes in even states, then in odd ones.
    static let startGroups = 0
    static let neighbourClasses = 4
    /// Groups of decisions four to seven, and eight to eleven.
    static let moreGroups = 2 * neighbourClasses * DecisionGroup.words
    static let escapePrefix = moreGroups + 2 * DecisionGroup.words
    static let escapePrefixLast = 15
    static let lowBit = escapePrefix + escapePrefixLast + 1
    /// A multiple of the words of a group.
    static let wordsPerClass = 104

    static let signContexts = classCount * wordsPerClass
    static let wordCount = signContexts + 27

    /// What the binarization needs to know of a class.
    package struct Class: Sendable {
        /// k.
        package let shift: UInt32
        /// Of the k low bits, those that are raw: all but the highest.
        let rawShift: UInt32
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
    /// The words of all classes and the contexts of signs, as a slice begins.
    let startingWords: [UInt32]

    /// - Parameter magnitudeCode: expected magnitude of an index of the central class, as 2^((code − 16) ⁄ 2); a class more
    ///   means a factor √2.
    package init(magnitudeCode: UInt8) {
        var words = [UInt32](repeating: AdaptiveProbability.initial, count: Self.wordCount)
        classes = (0..<Self.classCount).map { scaleClass in
            let t = Int(magnitudeCode) - Self.magnitudeCodeBias + scaleClass - Self.centralClass
            // 2048 · 2^(t ⁄ 2), √2 taken as 181 ⁄ 128.
            let half = (t + 64) / 2 - 32
            let mantissa: UInt64 = (t + 64) % 2 == 0 ? 2048 : 2896
            let expected = half >= 0 ? mantissa << UInt64(half) : mantissa >> UInt64(-half)
            func threshold(_ sixteenths: UInt64) -> UInt32 {
                UInt32(min((expected * sixteenths + 32767) >> 15, UInt64(UInt32.max)))
            }
            let shift = UInt32(t > 2 ? min((t - 1) / 2, Self.shiftCap) : 0)
            for group in 0..<(Self.escapePrefix / DecisionGroup.words) {
                let place = scaleClass * Self.wordsPerClass + group * DecisionGroup.words
                let isStart = group * DecisionGroup.words < Self.moreGroups
                for decision in 0..<DecisionGroup.decisions {
                    words[place + decision] = DecisionGroup.startingProbability(isStart && decision == 0 ? t + 2 : t - 2 * Int(shift))
                    words[place + DecisionGroup.rates + decision] = DecisionGroup.startingRate
                }
            }
            return Class(
                shift: shift, rawShift: shift > 0 ? shift - 1 : 0, threshold1: threshold(13), threshold2: threshold(29), threshold3: threshold(51))
        }
        startingWords = words
    }

    /// The largest magnitude of an index: twice it fits 32 bits with a sign.
    package static let maximumMagnitude: UInt32 = (1 << 30) - 1

    /// Elements that a codeword of `codewordBytes` can hold at the most (Spec §9.3).
    package static func maximumElements(codewordBytes: UInt64) -> UInt64 {
        if codewordBytes >= UInt64.max / 16384 { return .max }
        return (codewordBytes + 1) * 16384
    }
}
