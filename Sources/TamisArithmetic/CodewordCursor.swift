/// Where coding a codeword stands (Spec §6.1): what `ArithmeticEncoder` does, without memory of its own and without a branch on what is
/// coded. Loops over several codewords keep copies, which fit the registers of a processor.
@safe
struct CodewordCursor {
    private var range: UInt64 = .max
    private var low: UInt64 = 0
    /// Where the next byte goes.
    private(set) var next: UnsafeMutablePointer<UInt8>

    /// - Parameter start: of memory; who uses the cursor sees to it that there is room.
    init(_ start: UnsafeMutablePointer<UInt8>) { unsafe next = start }

    /// The same, in other memory that has the bytes before `place`.
    func moved(to place: UnsafeMutablePointer<UInt8>) -> CodewordCursor {
        var cursor = self
        unsafe cursor.next = place
        return cursor
    }

    /// Appends a symbol of a decision group, which learns from it.
    ///
    /// - Parameter memory: of shares; see `DecisionGroup.Shares.store`.
    @inline(always)
    mutating func symbol(
        _ symbol: Int, _ group: UnsafeMutablePointer<UInt32>, _ adaptation: DecisionAdaptation.View, _ memory: UnsafeMutablePointer<UInt64>
    ) {
        // The shares do not wait for the range, and two products are all that does.
        unsafe DecisionGroup.Shares(group).store(to: memory)
        let part = range &>> 15
        let lower = unsafe part &* memory[symbol &+ 1]
        let upper = unsafe part &* memory[symbol]
        range = (symbol == 0 ? range : upper) &- lower
        advance(by: lower)
        unsafe adaptation.adapt(group, symbol)
        pass()
    }

    /// Appends a bin under a context, which learns from it; only if `mask` is all ones and not zero.
    ///
    /// - Parameter bin: 0 or 1.
    @inline(always)
    mutating func bin(_ bin: UInt32, _ context: UnsafeMutablePointer<UInt32>, mask: UInt64, _ adaptation: AdaptationTable.View) {
        let state = unsafe context.pointee
        let split = ((range &>> 16) &* UInt64(state &>> 16)) & mask
        // All ones for a 0, and without a bin, when nothing is taken off.
        let zero = (UInt64(bin) &- 1) | ~mask
        range = (split ^ zero) &+ ((range & zero) &- zero)
        advance(by: split & zero)
        let learned = AdaptiveProbability.updated(state, mask: UInt32(truncatingIfNeeded: ~zero), adaptation)
        unsafe context.pointee = state ^ ((state ^ learned) & UInt32(truncatingIfNeeded: mask))
        pass()
    }

    @inline(always)
    private mutating func advance(by distance: UInt64) {
        let (sum, carry) = low.addingReportingOverflow(distance)
        low = sum
        if carry { unsafe Self.propagateCarry(next) }
    }

    /// The interval never contains a number that would need a second carry in the same place.
    @inline(never)
    private static func propagateCarry(_ next: UnsafeMutablePointer<UInt8>) {
        var place = unsafe next
        repeat {
            unsafe place -= 1
            unsafe place.pointee &+= 1
        } while unsafe place.pointee == 0
    }

    /// Lets the upper half of `low` leave, once `range` has become small.
    @inline(always)
    private mutating func pass() {
        if range < 1 << 32 {
            unsafe UnsafeMutableRawPointer(next).storeBytes(of: UInt32(truncatingIfNeeded: low >> 32).bigEndian, as: UInt32.self)
            unsafe next += 4
            low <<= 32
            range <<= 32
        }
    }

    /// Completes the canonical codeword, with at most 8 bytes more: see `ArithmeticDecoder.finish`.
    mutating func finish() {
        let zeroBytes = UInt64(63 - range.leadingZeroBitCount) / 8
        let grain = UInt64(1) << (8 * zeroBytes)
        advance(by: grain - 1)
        let value = low & ~(grain - 1)
        for byte in 0..<(8 - zeroBytes) {
            unsafe next.pointee = UInt8(truncatingIfNeeded: value >> (56 - 8 * byte))
            unsafe next += 1
        }
    }
}
