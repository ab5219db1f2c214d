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
        let shifts = AdaptiveProbability.shifts(limit: adaptationLimit)
        let lastCount = AdaptiveProbability.lastCount(limit: adaptationLimit)
        for case let lines? in [rows, columns] {
            var contexts = [UInt32](repeating: AdaptiveProbability.initial, count: contextsPerKind)
            unsafe shifts.withUnsafeBufferPointer { shifts in
                let shifts = unsafe shifts.baseAddress.unsafelyUnwrapped
                var before: Int8 = 0
                for line in lines {
                    let near = min(Int(before.magnitude), 2)
                    unsafe coder.bin(line != 0, &contexts[near], shifts, lastCount)
                    if line != 0 {
                        unsafe coder.bin(line < 0, &contexts[4 + Int(before.signum())], shifts, lastCount)
                        let less = Int(line.magnitude) - 1
                        let last = line < 0 ? 15 : 14
                        var j = 0
                        while j < last {
                            unsafe coder.bin(less > j, &contexts[6 + near * 15 + j], shifts, lastCount)
                            if less <= j { break }
                            j += 1
                        }
                    }
                    before = line
                }
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
        let shifts = AdaptiveProbability.shifts(limit: adaptationLimit)
        decode(&coder, shifts, &rows)
        decode(&coder, shifts, &columns)
        return coder.finish()
    }

    private static func decode(_ coder: inout ArithmeticDecoder, _ shifts: [UInt8], _ lines: inout [Int8]) {
        let lastCount = AdaptiveProbability.lastCount(limit: adaptationLimit)
        var contexts = [UInt32](repeating: AdaptiveProbability.initial, count: contextsPerKind)
        unsafe shifts.withUnsafeBufferPointer { shifts in
            let shifts = unsafe shifts.baseAddress.unsafelyUnwrapped
            var before: Int8 = 0
            for place in lines.indices {
                let near = min(Int(before.magnitude), 2)
                var line: Int8 = 0
                if unsafe coder.bin(&contexts[near], shifts, lastCount) {
                    let isNegative = unsafe coder.bin(&contexts[4 + Int(before.signum())], shifts, lastCount)
                    let last = isNegative ? 15 : 14
                    var less = 0
                    while less < last {
                        if unsafe !coder.bin(&contexts[6 + near * 15 + less], shifts, lastCount) { break }
                        less += 1
                    }
                    line = isNegative ? Int8(-less - 1) : Int8(less + 1)
                }
                lines[place] = line
                before = line
            }
        }
    }
}
