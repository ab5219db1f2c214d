import TamisBits

/// Codes the tables of frequencies (Spec §6.9.2): the bit length of each under contexts of the one before, then its lower bits.
package enum FloatFrequencyCoder {
    private static let adaptationLimit = 5
    private static let longest = FloatFrequencies.bits
    /// Places of contexts: of the flags of new tables, of lengths that stay, of their direction and distance, of lower bits.
    private static let newTable = 0
    private static let stays = 1
    private static let rises = stays + longest + 1
    private static let further = rises + longest + 1
    private static let highest = further + 2 * longest
    private static let lower = highest + longest + 1
    private static let contextCount = lower + 1

    private static func bitLength(_ frequency: UInt16) -> Int { UInt16.bitWidth - frequency.leadingZeroBitCount }

    /// - Parameter hasClasses: whether line classes are sent; otherwise there is one table.
    /// - Returns: the codeword.
    package static func encode(_ frequencies: FloatFrequencies, hasClasses: Bool) -> [UInt8] {
        precondition(hasClasses || frequencies.tables == 1)
        var bins = BinWriter(reservingBytes: frequencies.values.count)
        bins.coder.reserve(bins: FloatFrequencies.classCount)
        if hasClasses {
            for (before, table) in zip(frequencies.tableOfClass, frequencies.tableOfClass.dropFirst()) { bins.put(table != before, newTable) }
        }
        for table in 0..<frequencies.tables {
            var before = 0
            for frequency in frequencies.table(table) {
                bins.coder.reserve(bins: 3 * longest)
                let length = bitLength(frequency)
                bins.put(length == before, stays + before)
                if length != before {
                    let up = length > before
                    if before > 0 && before < longest { bins.put(up, rises + before) }
                    let last = up ? longest - before : before
                    let distance = up ? length - before : before - length
                    for step in 1..<max(last, 1) {
                        bins.put(distance > step, further + (up ? longest : 0) + step)
                        if distance <= step { break }
                    }
                }
                for bit in stride(from: length - 2, through: 0, by: -1) {
                    bins.put(frequency >> UInt16(bit) & 1 == 1, bit == length - 2 ? highest + length : lower)
                }
                before = length
            }
        }
        return bins.finish()
    }

    /// The inverse of `encode`.
    ///
    /// - Parameter symbols: of each table, 3 … 256.
    /// - Returns: nil if the codeword is not exactly that of tables a stream may have.
    package static func decode(_ codeword: ByteView, symbols: Int, hasClasses: Bool) -> FloatFrequencies? {
        if codeword.count == 0 { return nil }
        var bins = BinReader(codeword)
        var tableOfClass = [UInt8](repeating: 0, count: FloatFrequencies.classCount)
        if hasClasses {
            for place in 1..<tableOfClass.count { tableOfClass[place] = tableOfClass[place - 1] + (bins.take(newTable) ? 1 : 0) }
        }
        let tables = Int(tableOfClass[tableOfClass.count - 1]) + 1
        var values: [UInt16] = []
        values.reserveCapacity(tables * symbols)
        for _ in 0..<tables {
            var before = 0
            for _ in 0..<symbols {
                var length = before
                if !bins.take(stays + before) {
                    let up = before == 0 ? true : before == longest ? false : bins.take(rises + before)
                    let last = up ? longest - before : before
                    var distance = 1
                    while distance < last {
                        if !bins.take(further + (up ? longest : 0) + distance) { break }
                        distance += 1
                    }
                    length = up ? before + distance : before - distance
                }
                var frequency: UInt16 = length > 0 ? 1 : 0
                for bit in stride(from: length - 2, through: 0, by: -1) {
                    frequency = frequency << 1 | (bins.take(bit == length - 2 ? highest + length : lower) ? 1 : 0)
                }
                values.append(frequency)
                before = length
            }
        }
        if !bins.finish() { return nil }
        return FloatFrequencies(symbols: symbols, values: values, tableOfClass: tableOfClass)
    }

    /// The bins of a codeword that is made, with their contexts.
    private struct BinWriter: ~Copyable {
        var coder: ArithmeticEncoder
        private var contexts = [UInt32](repeating: AdaptiveProbability.initial, count: contextCount)
        private let adaptation = AdaptationTable(limit: adaptationLimit)

        init(reservingBytes: Int) { coder = ArithmeticEncoder(reservingBytes: reservingBytes) }

        mutating func put(_ bin: Bool, _ context: Int) { coder.bin(bin ? 1 : 0, &contexts[context], adaptation) }

        consuming func finish() -> [UInt8] { coder.finish() }
    }

    /// The bins of a codeword, with their contexts.
    private struct BinReader: ~Copyable {
        private var coder: ArithmeticDecoder
        private var contexts = [UInt32](repeating: AdaptiveProbability.initial, count: contextCount)
        private let adaptation = AdaptationTable(limit: adaptationLimit)

        init(_ codeword: ByteView) { coder = ArithmeticDecoder(codeword) }

        mutating func take(_ context: Int) -> Bool { coder.bin(&contexts[context], adaptation) }

        consuming func finish() -> Bool { coder.finish() }
    }
}
