import TamisArithmetic

/// Makes counts of symbols into the frequencies a stream may have (Spec §6.9.2), in integers alone.
enum FrequencyScaling {
    /// - Parameters:
    ///   - counts: by symbol.
    ///   - savedBits: what an element costs more as an escape than as a rare symbol, at least 1.
    /// - Returns: frequencies, of which those of symbols that do not pay are 0.
    static func frequencies(of counts: ArraySlice<UInt64>, savedBits: Int) -> [UInt16] {
        let counts = kept(counts, savedBits: UInt64(savedBits))
        let total = counts.reduce(0, +)
        let (sum, largest) = (Int64(FloatFrequencies.sum), Int64(FloatFrequencies.largest))
        let smallest = { symbol in symbol == FloatWindow.escape ? Int64(FloatFrequencies.smallestEscape) : 1 }
        var frequencies = counts.indices.map { symbol in
            if counts[symbol] == 0 && symbol != FloatWindow.escape { return Int64(0) }
            let share = total == 0 ? 0 : Int64(counts[symbol] * UInt64(sum) / total)
            return min(max(share, smallest(symbol)), largest)
        }
        var missing = sum - frequencies.reduce(0, +)
        // The gain of one more is about count ⁄ (frequency + ½).
        while missing > 0 {
            var best = FloatWindow.positiveZero
            for symbol in frequencies.indices where frequencies[symbol] > 0 && frequencies[symbol] < largest {
                if frequencies[best] == 0 || frequencies[best] == largest
                    || counts[symbol] * UInt64(2 * frequencies[best] + 1) > counts[best] * UInt64(2 * frequencies[symbol] + 1)
                {
                    best = symbol
                }
            }
            // Among equals the first; where all but the escape are without, +0 takes what it cannot have.
            frequencies[best] += 1
            missing -= 1
        }
        while missing < 0 {
            var best: Int?
            for symbol in frequencies.indices where frequencies[symbol] > smallest(symbol) {
                if let other = best, counts[symbol] * UInt64(2 * frequencies[other] - 1) >= counts[other] * UInt64(2 * frequencies[symbol] - 1) { continue }
                best = symbol
            }
            guard let best else { break }
            frequencies[best] -= 1
            missing += 1
        }
        return frequencies.map { UInt16($0) }
    }

    /// Moves the counts of symbols that do not pay to the escape.
    private static func kept(_ counts: ArraySlice<UInt64>, savedBits: UInt64) -> [UInt64] {
        var result = Array(counts)
        let total = counts.reduce(0, +)
        for symbol in result.indices.dropFirst() where result[symbol] > 0 {
            // A frequency of 1 costs every element 1 ⁄ 4096 nats, and the table about six bits.
            if result[symbol] * savedBits <= total / 2839 + 6 {
                result[FloatWindow.escape] += result[symbol]
                result[symbol] = 0
            }
        }
        return result
    }
}
