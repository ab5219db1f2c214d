/// Turns bins and symbols into a codeword under adaptive probabilities (Spec §6.1).
///
/// The interval [`low`, `low` + `range`) of 64-bit fixed-point numbers shrinks with each bin: a 1 keeps the lower part, as wide as
/// its probability, a 0 the upper. Once `range` falls below 2^32, the upper 32 bits of `low` leave. A carry out of `low` goes into
/// the bytes that have left: the interval never contains a number that would need a second carry there.
@safe
struct ArithmeticEncoder: ~Copyable {
    private var interval: Interval
    private var bytes: UnsafeMutablePointer<UInt8>
    private var capacity: Int

    init(reservingBytes: Int) {
        capacity = max(reservingBytes, 64)
        unsafe bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        unsafe interval = Interval(next: bytes)
    }

    deinit { unsafe bytes.deallocate() }

    /// Where coding stands. Loops keep a copy, which fits the registers of a processor.
    @safe
    private struct Interval {
        private(set) var range: UInt64 = .max
        private(set) var low: UInt64 = 0
        /// Where the next byte goes.
        var next: UnsafeMutablePointer<UInt8>

        init(next: UnsafeMutablePointer<UInt8>) { unsafe self.next = next }

        /// The bin acts as a mask: a branch on it is one that no processor could foresee, and selections come back as a branch.
        @inline(__always)
        mutating func bin(_ bin: UInt32, _ context: inout UInt32, _ adaptation: borrowing AdaptationTable) {
            let state = context
            let split = (range >> 16) &* UInt64(state >> 16)
            let isZero = UInt64(bin ^ 1)
            let mask = 0 &- isZero
            let carry = advance(by: split & mask)
            // split or range − split, in the fewest steps from split on: the next bin waits for it.
            range = (split ^ mask) &+ ((range & mask) &+ isZero)
            if carry { unsafe Self.propagateCarry(next) }
            context = AdaptiveProbability.updated(state, mask: UInt32(truncatingIfNeeded: ~mask), adaptation.view)
            pass()
        }

        /// - Parameter memory: of bounds; see `DecisionGroup.Bounds.store`.
        @inline(__always)
        mutating func symbol(
            _ symbol: Int, _ group: UnsafeMutablePointer<UInt32>, _ adaptation: DecisionAdaptation.View, _ memory: UnsafeMutablePointer<UInt64>
        ) {
            unsafe DecisionGroup.Bounds(group, range).store(range, to: memory)
            let (upper, lower) = unsafe (memory[symbol], memory[symbol &+ 1])
            if advance(by: lower) { unsafe Self.propagateCarry(next) }
            range = upper &- lower
            unsafe adaptation.adapt(group, symbol)
            pass()
        }

        /// Lets the upper half of `low` leave, once `range` has become small.
        @inline(__always)
        private mutating func pass() {
            if range < 1 << 32 {
                let word = UInt32(truncatingIfNeeded: low >> 32).bigEndian
                unsafe UnsafeMutableRawPointer(next).storeBytes(of: word, as: UInt32.self)
                unsafe next += 4
                low <<= 32
                range <<= 32
            }
        }

        /// - Returns: whether there is a carry.
        @inline(__always)
        mutating func advance(by distance: UInt64) -> Bool {
            let (sum, carry) = low.addingReportingOverflow(distance)
            low = sum
            return carry
        }

        @inline(__always)
        static func propagateCarry(_ next: UnsafeMutablePointer<UInt8>) {
            var place = unsafe next
            repeat {
                unsafe place -= 1
                unsafe place.pointee &+= 1
            } while unsafe place.pointee == 0
        }
    }

    /// Makes room for `bins` more bins; to be called before they are coded.
    @inline(__always)
    mutating func reserve(bins: Int) {
        // A bin takes at most 11 bits, and the end at most 8 bytes.
        let count = unsafe interval.next - bytes
        let needed = count &+ bins &* 2 &+ 16
        if needed > capacity { grow(to: max(needed, capacity &* 2)) }
    }

    @inline(never)
    private mutating func grow(to larger: Int) {
        let count = unsafe interval.next - bytes
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        unsafe moved.initialize(from: bytes, count: count)
        unsafe bytes.deallocate()
        unsafe bytes = moved
        unsafe interval.next = moved + count
        capacity = larger
    }

    /// Appends a bin, 0 or 1, under `context`, which learns from it; see `ArithmeticDecoder.bin`. Room must have been reserved.
    @inline(__always)
    mutating func bin(_ bin: UInt32, _ context: inout UInt32, _ adaptation: borrowing AdaptationTable) {
        interval.bin(bin, &context, adaptation)
    }

    /// Appends a symbol of a decision group, 0 … 4, which learns from it; see `ArithmeticDecoder.symbol`. Room for two bins must have
    /// been reserved.
    ///
    /// - Parameter memory: of bounds; see `DecisionGroup.Bounds.store`.
    @inline(__always)
    mutating func symbol(
        _ symbol: Int, _ group: UnsafeMutablePointer<UInt32>, _ adaptation: DecisionAdaptation.View, _ memory: UnsafeMutablePointer<UInt64>
    ) {
        unsafe interval.symbol(symbol, group, adaptation, memory)
    }

    /// The canonical codeword: see `ArithmeticDecoder.finish`. At least one byte.
    consuming func finish() -> [UInt8] {
        reserve(bins: 0)
        let zeroBytes = UInt64(63 - interval.range.leadingZeroBitCount) / 8
        let grain = UInt64(1) << (8 * zeroBytes)
        if interval.advance(by: grain - 1) { unsafe Interval.propagateCarry(interval.next) }
        let value = interval.low & ~(grain - 1)
        for byte in 0..<(8 - zeroBytes) {
            unsafe interval.next.pointee = UInt8(truncatingIfNeeded: value >> (56 - 8 * byte))
            unsafe interval.next += 1
        }
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: interval.next - bytes))
    }
}
