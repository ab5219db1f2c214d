import TamisBits

/// The decoder of a codeword (Spec §6.1), as small as a loop over several codewords needs it: `ArithmeticDecoder` without branches,
/// all of whose selections are masks.
@safe
struct CodewordInterval {
    private var range: UInt64 = .max
    private var offset: UInt64
    /// What is to be taken in next.
    private var next: UnsafeRawPointer

    /// The end of a codeword; from it on the codeword reads as zeros.
    @safe
    struct End {
        fileprivate let place: UnsafeRawPointer

        /// - Parameter codeword: at least one byte; must outlive what uses its end.
        init(_ codeword: ByteView) {
            precondition(codeword.count > 0)
            unsafe place = codeword.buffer.baseAddress.unsafelyUnwrapped + codeword.count
        }
    }

    /// - Parameter codeword: at least one byte; must outlive the interval.
    /// - Returns: nil if the codeword starts outside of the interval.
    init?(_ codeword: ByteView) {
        let end = unsafe End(codeword).place
        let first = unsafe codeword.buffer.baseAddress.unsafelyUnwrapped
        offset = unsafe UInt64(Self.lastWord(first, end)) << 32 | UInt64(Self.lastWord(first + 4, end))
        unsafe next = first + 8
        if offset == .max { return nil }
    }

    /// The big-endian 32 bits at `place`, zeros from `end` on.
    @inline(never)
    private static func lastWord(_ place: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UInt32 {
        var word: UInt32 = 0
        for byte in 0..<4 {
            let isInside = unsafe place + byte < end
            word = unsafe word << 8 | (isInside ? UInt32(place.load(fromByteOffset: byte, as: UInt8.self)) : 0)
        }
        return word
    }

    /// The next symbol of a decision group, which learns from it.
    ///
    /// - Parameter memory: of bounds; see `DecisionGroup.Bounds.store`.
    @inline(always)
    mutating func symbol(
        _ group: UnsafeMutablePointer<UInt32>, _ adaptation: DecisionAdaptation.View, _ memory: UnsafeMutablePointer<UInt64>, _ end: End
    ) -> Int {
        let bounds = unsafe DecisionGroup.Bounds(group, range)
        unsafe bounds.store(range, to: memory)
        let symbol = (Self.number(offset < bounds.one) &+ Self.number(offset < bounds.two)) &+ (Self.number(offset < bounds.three) &+ Self.number(offset < bounds.four))
        let lower = unsafe memory[symbol &+ 1]
        range = unsafe memory[symbol] &- lower
        offset &-= lower
        unsafe adaptation.adapt(group, symbol)
        refill(end)
        return symbol
    }

    /// 1 if true; of a conditional expression the compiler would make a branch.
    @inline(always)
    private static func number(_ isTrue: Bool) -> Int { unsafe Int(unsafeBitCast(isTrue, to: UInt8.self)) }

    /// The next bin under a context, which learns from it; only if `mask` is all ones and not zero.
    ///
    /// - Returns: all ones for a 1, zero for a 0 and without a bin.
    @inline(always)
    mutating func bin(_ context: UnsafeMutablePointer<UInt32>, mask: UInt64, _ adaptation: AdaptationTable.View, _ end: End) -> UInt64 {
        let state = unsafe context.pointee
        let split = ((range &>> 16) &* UInt64(state &>> 16)) & mask
        let (rest, isOne) = offset.subtractingReportingOverflow(split)
        let bin = UInt64(bitPattern: 0 &- Int64(Self.number(isOne)))
        let other = range &- split
        range = other ^ ((other ^ split) & bin)
        offset = rest &+ (split & bin)
        let learned = AdaptiveProbability.updated(state, mask: UInt32(truncatingIfNeeded: bin), adaptation)
        unsafe context.pointee = state ^ ((state ^ learned) & UInt32(truncatingIfNeeded: mask))
        refill(end)
        return bin
    }

    @inline(always)
    private mutating func refill(_ end: End) {
        if range < 1 << 32 {
            let word = unsafe next + 4 <= end.place ? UInt32(bigEndian: next.loadUnaligned(as: UInt32.self)) : Self.lastWord(next, end.place)
            unsafe next += 4
            range <<= 32
            offset = offset << 32 | UInt64(word)
        }
    }

    /// See `ArithmeticDecoder.finish`.
    func isAtEnd(_ end: End) -> Bool {
        let zeroBytes = (63 - range.leadingZeroBitCount) / 8
        return unsafe next - zeroBytes == end.place && offset >> UInt64(8 * zeroBytes) == 0
    }
}
