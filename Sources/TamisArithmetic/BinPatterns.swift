/// The bins of small magnitudes, ready to be copied into a list.
struct BinPatterns: Sendable {
    struct Pattern: Sendable {
        /// The bins as `ListedBins` has them, of class 0 and with no neighbours.
        var entries = SIMD16<UInt16>()
        var count = 0
        /// In `neighbours`, where what belongs to the pattern begins.
        var firstNeighbour = 0

        mutating func add(_ context: Int, _ bin: Bool) {
            entries[count] = ListedBins.entry(context, bin ? 1 : 0)
            count += 1
        }
    }

    /// By the part of a magnitude that has bins: with a shift of 0 the magnitude, with a shift k, if it is not 0, one plus its lowest
    /// bits but k − 1.
    let bins: [Pattern]
    /// By neighbour class, then the same in odd states: what that adds. Then all again for patterns without a second unary bin.
    let neighbours: [SIMD16<UInt16>]

    static let withSigns = BinPatterns(signs: 1)
    static let withoutSigns = BinPatterns(signs: 0)

    /// So many that bins and sign fit 16.
    private static let unaryEnd = 13
    static func first(hasLowBit: Bool) -> Int { hasLowBit ? unaryEnd + 1 : 0 }
    static func last(hasLowBit: Bool) -> UInt32 { UInt32(hasLowBit ? 2 * unaryEnd : unaryEnd) }

    /// - Parameter signs: bins left free for the sign, which has contexts of its own.
    private init(signs: Int) {
        bins = [false, true].flatMap { hasLowBit in
            (0...Int(Self.last(hasLowBit: hasLowBit))).map { part in
                var pattern = Pattern()
                pattern.add(IndexBinarization.zeroFlag, part > 0)
                if part == 0 { return pattern }
                pattern.count += signs
                let unary = (part - 1) >> (hasLowBit ? 1 : 0)
                for j in 0...unary { pattern.add(IndexBinarization.unary(j, neighbour: 0, near: 0), unary > j) }
                pattern.firstNeighbour = unary == 0 ? 8 : 0
                if hasLowBit { pattern.add(IndexBinarization.lowBit + min(unary, 2), (part - 1) & 1 == 1) }
                return pattern
            }
        }
        neighbours = (0..<16).map { place in
            let neighbour = place & 7
            var added = SIMD16<UInt16>()
            added[0] = UInt16(2 * neighbour)
            added[1 + signs] = UInt16(2 * neighbour)
            if place < 8 { added[2 + signs] = UInt16(2 * (neighbour & 3)) }
            return added
        }
    }
}
