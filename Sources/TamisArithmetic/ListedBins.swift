/// How bins are listed, and how contexts lie in memory, for the loops of the encoder.
///
/// A context is an `AdaptiveProbability` in another form, with which a bin takes fewer steps: the probability in its lower 22 bits, and
/// above it the number of bins left until adaptation is as slow as it gets, which for most bins is 0.
enum ListedBins {
    /// Twice the place of the context, plus the bin.
    ///
    /// - Parameter bin: 0 or 1.
    @inline(__always)
    static func entry(_ context: Int, _ bin: UInt16) -> UInt16 { UInt16(truncatingIfNeeded: context) &<< 1 | bin }

    private static let floor = AdaptiveProbability.floor >> 10
    private static let ceiling = AdaptiveProbability.ceiling >> 10
    private static let probability: UInt32 = 1 << 22 - 1

    /// A context that has seen no bins.
    ///
    /// - Parameter limit: 4 … 10.
    static func initial(limit: UInt32) -> UInt32 { AdaptiveProbability.initial >> 10 | (1 << limit - 2) << 22 }

    /// - Parameters:
    ///   - zero: all ones if the bin is 0, else 0.
    ///   - limit: of adaptation.
    /// - Returns: the upper 16 bits of the probability before the bin; and the context after it.
    @inline(__always)
    static func step(_ context: UInt32, zero: UInt32, limit: UInt32) -> (probability: UInt32, next: UInt32) {
        let target = ceiling ^ ((ceiling ^ floor) & zero)
        if _slowPath(context > probability) {
            let now = context & probability
            let left = context >> 22
            // The count of bins seen and 2 more is 2^limit less what is left.
            let shift = UInt32(31 &- (1 &<< limit &- left).leadingZeroBitCount)
            return (now >> 6, moved(now, target, shift) | (left &- 1) << 22)
        }
        return (context >> 6, moved(context, target, limit))
    }

    @inline(__always)
    private static func moved(_ probability: UInt32, _ target: UInt32, _ shift: UInt32) -> UInt32 {
        probability &+ UInt32(bitPattern: Int32(bitPattern: target &- probability) &>> Int32(bitPattern: shift))
    }
}
