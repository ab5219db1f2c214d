import TamisBits

/// Codes the scale classes of a tensor's rows and columns (Spec §6.6): small integers, each under contexts of the one before.
package enum LineClassCoder {
    package static let range: ClosedRange<Int8> = -16...15
    private static let adaptationLimit = 5
    /// Contexts of one kind of line: 3 zero flags, 3 signs, 3 × 15 unary bins.
    private static let contextsPerKind = 3 + 3 + 3 * 15

    /// - Parameters:
    ///   - rows, columns: nil if classes of that kind are not sent.
    /// - Returns: the codeword.
    package static func encode(rows: [Int8]?, columns: [Int8]?) -> [UInt8] {
        var coder = ArithmeticEncoder(reservingBytes: (rows?.count ?? 0) + (columns?.count ?? 0))
        let adaptation = AdaptationTable(limit: adaptationLimit)
        for case let lines? in [rows, columns] {
            var contexts = [UInt32](repeating: AdaptiveProbability.initial, count: contextsPerKind)
            var before: Int8 = 0
            for line in lines {
                coder.reserve(bins: 18)
                let near = min(Int(before.magnitude), 2)
                coder.bin(line != 0 ? 1 : 0, &contexts[near], adaptation)
                if line != 0 {
                    coder.bin(line < 0 ? 1 : 0, &contexts[4 + Int(before.signum())], adaptation)
                    let less = Int(line.magnitude) - 1
                    let last = line < 0 ? 15 : 14
                    var j = 0
                    while j < last {
                        coder.bin(less > j ? 1 : 0, &contexts[6 + near * 15 + j], adaptation)
                        if less <= j { break }
                        j += 1
                    }
                }
                before = line
            }
        }
        return coder.finish()
    }

    /// The inverse of `encode`, into arrays of the expected lengths (empty: not sent).
    ///
    /// - Returns: false if the codeword is not exactly that of so many lines.
    package static func decode(_ codeword: ByteView, rows: inout [Int8], columns: inout [Int8]) -> Bool {
        if codeword.count == 0 { return false }
        var coder = ArithmeticDecoder(codeword)
        let adaptation = AdaptationTable(limit: adaptationLimit)
        decode(&coder, adaptation, &rows)
        decode(&coder, adaptation, &columns)
        return coder.finish()
    }

    private static func decode(_ coder: inout ArithmeticDecoder, _ adaptation: borrowing AdaptationTable, _ lines: inout [Int8]) {
        var contexts = [UInt32](repeating: AdaptiveProbability.initial, count: contextsPerKind)
        var before: Int8 = 0
        for place in lines.indices {
            let near = min(Int(before.magnitude), 2)
            var line: Int8 = 0
            if coder.bin(&contexts[near], adaptation) {
                let isNegative = coder.bin(&contexts[4 + Int(before.signum())], adaptation)
                let last = isNegative ? 15 : 14
                var less = 0
                while less < last {
                    if !coder.bin(&contexts[6 + near * 15 + less], adaptation) { break }
                    less += 1
                }
                line = isNegative ? Int8(-less - 1) : Int8(less + 1)
            }
            lines[place] = line
            before = line
        }
    }
}
