import TamisBits

/// Codes which rows are short (Spec §6.9.3): a flag for each, under a context of the one before.
package enum ShortRowCoder {
    private static let adaptationLimit = 5

    /// - Returns: the codeword.
    package static func encode(_ isShort: [Bool]) -> [UInt8] {
        var coder = ArithmeticEncoder(reservingBytes: isShort.count / 8)
        let adaptation = AdaptationTable(limit: adaptationLimit)
        var contexts = [UInt32](repeating: AdaptiveProbability.initial, count: 2)
        var before = false
        for flag in isShort {
            coder.reserve(bins: 1)
            coder.bin(flag ? 1 : 0, &contexts[before ? 1 : 0], adaptation)
            before = flag
        }
        return coder.finish()
    }

    /// The inverse of `encode`.
    ///
    /// - Parameter rows: how many; the codeword's length must bound it (Spec §9.3).
    /// - Returns: nil if the codeword is not exactly that of so many flags.
    package static func decode(_ codeword: ByteView, rows: Int) -> [Bool]? {
        if codeword.count == 0 { return nil }
        var coder = ArithmeticDecoder(codeword)
        let adaptation = AdaptationTable(limit: adaptationLimit)
        var contexts = [UInt32](repeating: AdaptiveProbability.initial, count: 2)
        var isShort = [Bool](repeating: false, count: rows)
        var before = false
        for row in isShort.indices {
            before = coder.bin(&contexts[before ? 1 : 0], adaptation)
            isShort[row] = before
        }
        return coder.finish() ? isShort : nil
    }
}
