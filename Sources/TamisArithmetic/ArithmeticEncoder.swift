/// Turns bins into a codeword under adaptive probabilities (Spec §6.1).
///
/// The interval [`low`, `low` + `range`) of 64-bit fixed-point numbers shrinks with each bin: a 1 keeps the lower part, as wide as
/// its probability, a 0 the upper. Once `range` falls below 2^32, the upper 32 bits of `low` leave. A carry out of `low` goes into
/// the bytes that have left: the interval never contains a number that would need a second carry there.
///
/// No method passes `self` to code that is not inlined, so that the compiler keeps the interval in registers.
@safe
struct ArithmeticEncoder: ~Copyable {
    private var range: UInt64 = .max
    private var low: UInt64 = 0
    private var bytes: UnsafeMutablePointer<UInt8>
    private var count = 0
    private var capacity: Int

    init(reservingBytes: Int) {
        capacity = max(reservingBytes, 64)
        unsafe bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    }

    deinit { unsafe bytes.deallocate() }

    /// Makes room for `bins` more bins; to be called before they are coded.
    @inline(__always)
    mutating func reserve(bins: Int) {
        // A bin takes at most 11 bits, and the end at most 8 bytes.
        let needed = count &+ bins &* 2 &+ 16
        if needed > capacity {
            let larger = max(needed, capacity &* 2)
            unsafe bytes = Self.grown(bytes, count, to: larger)
            capacity = larger
        }
    }

    @inline(never)
    private static func grown(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, to capacity: Int) -> UnsafeMutablePointer<UInt8> {
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        unsafe larger.initialize(from: bytes, count: count)
        unsafe bytes.deallocate()
        return unsafe larger
    }

    /// Appends a bin, 0 or 1, under `context`, which learns from it; see `ArithmeticDecoder.bin`. Room must have been reserved.
    ///
    /// The bin acts as a mask: a branch on it is one that no processor could foresee, and selections come back as a branch.
    @inline(__always)
    mutating func bin(_ bin: UInt32, _ context: inout UInt32, _ adaptation: borrowing AdaptationTable) {
        let state = context
        let split = (range >> 16) &* UInt64(state >> 16)
        let mask = 0 &- UInt64(bin)
        let (sum, carry) = low.addingReportingOverflow(split & ~mask)
        low = sum
        let rest = range &- split
        range = rest ^ ((rest ^ split) & mask)
        if carry { unsafe Self.propagateCarry(bytes, count) }
        context = AdaptiveProbability.updated(state, mask: UInt32(truncatingIfNeeded: mask), adaptation)
        if range < 1 << 32 {
            let word = UInt32(truncatingIfNeeded: low >> 32).bigEndian
            unsafe UnsafeMutableRawPointer(bytes + count).storeBytes(of: word, as: UInt32.self)
            count &+= 4
            low <<= 32
            range <<= 32
        }
    }

    @inline(never)
    private static func propagateCarry(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int) {
        var place = count - 1
        while unsafe bytes[place] == 255 {
            unsafe bytes[place] = 0
            place -= 1
        }
        unsafe bytes[place] += 1
    }

    /// The canonical codeword: see `ArithmeticDecoder.finish`. At least one byte.
    consuming func finish() -> [UInt8] {
        reserve(bins: 0)
        let zeroBytes = UInt64(63 - range.leadingZeroBitCount) / 8
        let grain = UInt64(1) << (8 * zeroBytes)
        let (sum, carry) = low.addingReportingOverflow(grain - 1)
        if carry { unsafe Self.propagateCarry(bytes, count) }
        let value = sum & ~(grain - 1)
        for byte in 0..<(8 - zeroBytes) {
            unsafe bytes[count] = UInt8(truncatingIfNeeded: value >> (56 - 8 * byte))
            count += 1
        }
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    }
}
