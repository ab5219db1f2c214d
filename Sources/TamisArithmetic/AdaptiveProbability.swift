/// The probability that a bin is 1, learned from the bins seen (Spec §6.2), packed as `probability << 10 | count`.
///
/// The probability has 22 bits and starts at one half. The count of bins seen sets the speed: the n-th update moves by
/// 2^−⌊log2(n + 2)⌋, never slower than 2^−limit, so that a context is sharp after a few bins and steady after many.
package enum AdaptiveProbability {
    package static let initial: UInt32 = (1 << 21) << 10
    /// Updates move towards these, never past: no bin costs less than −log2(1 − 2^−11) bits, which bounds the expansion ratio
    /// (Spec §9). As contexts, with a count of zero.
    static let floor: UInt32 = (1 << 11) << 10
    static let ceiling: UInt32 = ((1 << 22) - (1 << 11)) << 10

    /// The context after a bin.
    @inline(__always)
    static func updated(_ state: UInt32, isOne: Bool, _ table: borrowing AdaptationTable) -> UInt32 {
        updated(state, target: isOne ? ceiling : floor, table)
    }

    @inline(__always)
    private static func updated(_ state: UInt32, target: UInt32, _ table: borrowing AdaptationTable) -> UInt32 {
        let entry = table.entry(state)
        // (target − probability) >> shift, left where the probability lies in the context. The lower bits of the target keep the
        // count from borrowing.
        let difference = Int64(target | 1023) &- Int64(state)
        let movement = UInt32(truncatingIfNeeded: difference &>> Int64(entry & 63)) & ~1023
        return state &+ movement &+ (entry &>> 8)
    }
}

/// The speeds of adaptation for one limit.
@safe
struct AdaptationTable: ~Copyable {
    /// By count: the shift, and above its 8 bits what the count grows by, 1 until the first count whose shift is the limit.
    private let entries: UnsafeMutablePointer<UInt16>

    /// - Parameter limit: 4 … 10.
    init(limit: Int) {
        precondition((4...10).contains(limit))
        unsafe entries = UnsafeMutablePointer<UInt16>.allocate(capacity: 1024)
        for count in 0..<1024 {
            let shift = min(limit, Int.bitWidth - 1 - (count + 2).leadingZeroBitCount)
            unsafe (entries + count).initialize(to: UInt16(shift) | (shift < limit ? 1 << 8 : 0))
        }
    }

    deinit { unsafe entries.deallocate() }

    /// The entry for the count of a context.
    @inline(__always)
    func entry(_ state: UInt32) -> UInt32 { unsafe UInt32(entries[Int(state & 1023)]) }
}
