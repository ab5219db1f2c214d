import TamisArithmetic

/// What symbols of given counts cost, by logarithms that are the same everywhere.
enum Entropy {
    /// n · log2 n for small n.
    private static let small: [Double] = (0..<4096).map { $0 == 0 ? 0 : Double($0) * PortableMath.log2(Double($0)) }

    private static func term(_ count: UInt64) -> Double {
        count < 4096 ? small[Int(count)] : Double(count) * PortableMath.log2(Double(count))
    }

    /// The bits of all elements together under the best table.
    static func bits(_ counts: ArraySlice<UInt64>) -> Double {
        var total: UInt64 = 0
        var sum = 0.0
        for count in counts where count > 0 {
            total += count
            sum += term(count)
        }
        return term(total) - sum
    }

    /// About the bits of a table in its codeword.
    static func tableBits(_ counts: ArraySlice<UInt64>) -> Double { 8 + 5 * Double(counts.reduce(0) { $0 + ($1 > 0 ? 1 : 0) }) }

    /// The bits of all elements and of their table, from a sample.
    ///
    /// - Parameter scale: elements over those of the sample.
    static func bits(ofSample counts: ArraySlice<UInt64>, scale: Double) -> Double {
        // A sample looks more regular than what it is taken from, by about half a nat for each symbol that comes up.
        let seen = Double(counts.reduce(0) { $0 + ($1 > 0 ? 1 : 0) })
        return bits(counts) * scale + seen * 0.72 * (scale - 1) + tableBits(counts)
    }

    /// The bits of all elements together, raw ones included, under a table in which some symbols may have no frequency.
    static func bits(_ counts: ArraySlice<UInt64>, under table: [UInt16], _ window: FloatWindow) -> Double {
        var escapes: UInt64 = 0
        var sum = 0.0
        for (symbol, count) in counts.enumerated() where count > 0 {
            if symbol == FloatWindow.escape || table[symbol] == 0 {
                escapes += count
                continue
            }
            let raw = symbol == FloatWindow.positiveZero ? 0 : Double(window.rawBits)
            sum += Double(count) * (raw + Double(FloatFrequencies.bits) - PortableMath.log2(Double(table[symbol])))
        }
        let escape = Double(window.escapeBits + FloatFrequencies.bits) - PortableMath.log2(Double(table[FloatWindow.escape]))
        return sum + Double(escapes) * escape
    }
}
