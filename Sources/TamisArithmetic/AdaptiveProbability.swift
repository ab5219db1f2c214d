/// The probability that a bin is 1, learned from the bins seen (Spec §6.2), packed as `probability << 10 | count`.
///
/// The probability has 22 bits and starts at one half. The count of bins seen sets the speed: the n-th update moves by
/// 2^−⌊log2(n + 2)⌋, never slower than 2^−limit, so that a context is sharp after a few bins and steady after many.
package enum AdaptiveProbability {
    package static let initial: UInt32 = (1 << 21) << 10
    /// Updates move towards `floor` or `ceiling`, never past: no bin costs less than −log2(1 − 2^−11) bits, which bounds the
    /// expansion ratio (Spec §9).
    @usableFromInline static let floor: Int32 = 1 << 11
    @usableFromInline static let ceiling: Int32 = (1 << 22) - (1 << 11)

    /// Shift of the update for each count, and beyond the last the limit.
    package static func shifts(limit: Int) -> [UInt8] {
        (0..<1024).map { count in UInt8(min(limit, (count + 2).bitWidth - 1 - (count + 2).leadingZeroBitCount)) }
    }

    /// The count stops here: it is the first whose shift is the limit.
    static func lastCount(limit: Int) -> UInt32 { (1 << UInt32(limit)) - 2 }
}
