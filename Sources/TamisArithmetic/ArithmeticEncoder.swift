/// Turns bins into a codeword under adaptive probabilities (Spec §6.1).
///
/// The interval [`low`, `low` + `range`) of 64-bit fixed-point numbers shrinks with each bin: a 1 keeps the lower part, as wide as
/// its probability, a 0 the upper. Once `range` falls below 2^32, the upper 32 bits of `low` leave. A carry out of `low` goes into
/// the bytes that have left: the interval never contains a number that would need a second carry there. So there is at most one carry
/// between two times that bytes leave, and it suffices to look for it then.
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
        /// `low` when bytes left the last time: if `low` is less, there was a carry.
        private var base: UInt64 = 0
        /// Where the next byte goes.
        var next: UnsafeMutablePointer<UInt8>

        init(next: UnsafeMutablePointer<UInt8>) { unsafe self.next = next }

        /// The bin acts as a mask: a branch on it is one that no processor could foresee, and selections come back as a branch.
        ///
        /// - Parameters:
        ///   - zero: all ones if the bin is 0, else 0.
        ///   - probability: that it is 1, 16 bits.
        @inline(__always)
        mutating func code(zero mask: UInt64, _ probability: UInt32) {
            let split = (range >> 16) &* UInt64(probability)
            low &+= split & mask
            // split or range − split, in the fewest steps from split on: the next bin waits for it.
            range = (split ^ mask) &- mask &+ (range & mask)
            if _slowPath(range < 1 << 32) { shed() }
        }

        /// Codes a listed bin.
        @inline(__always)
        mutating func code(_ entry: UInt16, _ contexts: UnsafeMutablePointer<UInt32>, limit: UInt32) {
            let mask = UInt64(entry & 1) &- 1
            let place = unsafe contexts + Int(entry >> 1)
            let (probability, next) = unsafe ListedBins.step(place.pointee, zero: UInt32(truncatingIfNeeded: mask), limit: limit)
            unsafe place.pointee = next
            code(zero: mask, probability)
        }

        /// The upper half of `low` leaves.
        @inline(__always)
        private mutating func shed() {
            settle()
            let word = UInt32(truncatingIfNeeded: low >> 32).bigEndian
            unsafe UnsafeMutableRawPointer(next).storeBytes(of: word, as: UInt32.self)
            unsafe next += 4
            low <<= 32
            range <<= 32
            base = low
        }

        /// Adds a carry to the bytes that have left.
        @inline(__always)
        private func settle() {
            if low >= base { return }
            var place = unsafe next
            repeat {
                unsafe place -= 1
                unsafe place.pointee &+= 1
            } while unsafe place.pointee == 0
        }

        /// Appends the shortest bytes of a number in the interval.
        mutating func finish() {
            let zeroBytes = UInt64(63 - range.leadingZeroBitCount) / 8
            let grain = UInt64(1) << (8 * zeroBytes)
            low &+= grain - 1
            settle()
            for byte in 0..<(8 - zeroBytes) {
                unsafe next.pointee = UInt8(truncatingIfNeeded: low >> (56 - 8 * byte))
                unsafe next += 1
            }
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
        let state = context
        context = AdaptiveProbability.updated(state, isOne: bin != 0, adaptation)
        interval.code(zero: UInt64(bin) &- 1, state >> 16)
    }

    /// Appends listed bins (`ListedBins`) under `contexts`.
    ///
    /// - Parameter limit: of adaptation.
    mutating func code(_ list: UnsafeBufferPointer<UInt16>, _ contexts: UnsafeMutablePointer<UInt32>, limit: UInt32) {
        reserve(bins: list.count)
        // The usual limit as a constant saves a step for each bin.
        unsafe interval = limit == Self.usualLimit
            ? Self.codedUsually(list, contexts, from: interval) : Self.codedGenerally(list, contexts, limit: limit, from: interval)
    }

    private static let usualLimit: UInt32 = 8

    @inline(never)
    private static func codedUsually(_ list: UnsafeBufferPointer<UInt16>, _ contexts: UnsafeMutablePointer<UInt32>, from start: Interval) -> Interval {
        unsafe coded(list, contexts, limit: usualLimit, from: start)
    }

    @inline(never)
    private static func codedGenerally(
        _ list: UnsafeBufferPointer<UInt16>, _ contexts: UnsafeMutablePointer<UInt32>, limit: UInt32, from start: Interval
    ) -> Interval {
        unsafe coded(list, contexts, limit: limit, from: start)
    }

    @inline(__always)
    private static func coded(
        _ list: UnsafeBufferPointer<UInt16>, _ contexts: UnsafeMutablePointer<UInt32>, limit: UInt32, from start: Interval
    ) -> Interval {
        var interval = start
        for place in 0..<list.count { unsafe interval.code(list[place], contexts, limit: limit) }
        return interval
    }

    /// Appends as many listed bins to each of two codewords, in one loop: each bin waits for the one before it, and a processor does
    /// something of the other codeword meanwhile.
    ///
    /// - Parameters:
    ///   - first, second: as `list` above; as long as each other.
    ///   - contexts: of the first codeword; `contextDistance` behind them are those of the second.
    static func code(
        _ first: UnsafeBufferPointer<UInt16>, with firstCoder: inout ArithmeticEncoder, _ second: UnsafeBufferPointer<UInt16>,
        with secondCoder: inout ArithmeticEncoder, _ contexts: UnsafeMutablePointer<UInt32>, limit: UInt32
    ) {
        precondition(first.count == second.count)
        firstCoder.reserve(bins: first.count)
        secondCoder.reserve(bins: second.count)
        unsafe (firstCoder.interval, secondCoder.interval) = limit == usualLimit
            ? codedUsually(first, second, contexts, from: firstCoder.interval, secondCoder.interval)
            : codedGenerally(first, second, contexts, limit: limit, from: firstCoder.interval, secondCoder.interval)
    }

    /// A constant, so that it takes no register.
    static let contextDistance = 1024

    @inline(never)
    private static func codedUsually(
        _ first: UnsafeBufferPointer<UInt16>, _ second: UnsafeBufferPointer<UInt16>, _ contexts: UnsafeMutablePointer<UInt32>,
        from firstStart: Interval, _ secondStart: Interval
    ) -> (Interval, Interval) {
        unsafe coded(first, second, contexts, limit: usualLimit, from: firstStart, secondStart)
    }

    @inline(never)
    private static func codedGenerally(
        _ first: UnsafeBufferPointer<UInt16>, _ second: UnsafeBufferPointer<UInt16>, _ contexts: UnsafeMutablePointer<UInt32>, limit: UInt32,
        from firstStart: Interval, _ secondStart: Interval
    ) -> (Interval, Interval) {
        unsafe coded(first, second, contexts, limit: limit, from: firstStart, secondStart)
    }

    @inline(__always)
    private static func coded(
        _ first: UnsafeBufferPointer<UInt16>, _ second: UnsafeBufferPointer<UInt16>, _ contexts: UnsafeMutablePointer<UInt32>, limit: UInt32,
        from firstStart: Interval, _ secondStart: Interval
    ) -> (Interval, Interval) {
        guard var next1 = first.baseAddress, var next2 = second.baseAddress else { return (firstStart, secondStart) }
        var (interval1, interval2) = (firstStart, secondStart)
        let end = unsafe next1 + first.count
        let secondContexts = unsafe contexts + contextDistance
        while unsafe next1 != end {
            unsafe interval1.code(next1.pointee, contexts, limit: limit)
            unsafe interval2.code(next2.pointee, secondContexts, limit: limit)
            unsafe next1 += 1
            unsafe next2 += 1
        }
        return (interval1, interval2)
    }

    /// The canonical codeword: see `ArithmeticDecoder.finish`. At least one byte.
    consuming func finish() -> [UInt8] {
        reserve(bins: 0)
        interval.finish()
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: interval.next - bytes))
    }
}
