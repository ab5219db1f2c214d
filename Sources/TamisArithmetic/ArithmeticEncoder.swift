/// Turns bins and symbols into a codeword under adaptive probabilities (Spec §6.1).
///
/// The interval [`low`, `low` + `range`) of 64-bit fixed-point numbers shrinks with each bin: a 1 keeps the lower part, as wide as
/// its probability, a 0 the upper. Once `range` falls below 2^32, the upper 32 bits of `low` leave. A carry out of `low` goes into
/// the bytes that have left: the interval never contains a number that would need a second carry there.
@safe
struct ArithmeticEncoder: ~Copyable {
    private var cursor: CodewordCursor
    private var bytes: UnsafeMutablePointer<UInt8>
    private var capacity: Int

    init(reservingBytes: Int) {
        capacity = max(reservingBytes, 64)
        unsafe bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        unsafe cursor = CodewordCursor(bytes)
    }

    deinit { unsafe bytes.deallocate() }

    /// Makes room for `bins` more bins; to be called before they are coded.
    @inline(__always)
    mutating func reserve(bins: Int) {
        // A bin takes at most 11 bits, and the end at most 8 bytes.
        let count = unsafe cursor.next - bytes
        let needed = count &+ bins &* 2 &+ 16
        if needed > capacity { grow(to: max(needed, capacity &* 2)) }
    }

    @inline(never)
    private mutating func grow(to larger: Int) {
        let count = unsafe cursor.next - bytes
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        unsafe moved.initialize(from: bytes, count: count)
        unsafe bytes.deallocate()
        unsafe bytes = moved
        unsafe cursor = cursor.moved(to: moved + count)
        capacity = larger
    }

    /// Appends a bin, 0 or 1, under `context`, which learns from it; see `ArithmeticDecoder.bin`. Room must have been reserved.
    @inline(__always)
    mutating func bin(_ bin: UInt32, _ context: inout UInt32, _ adaptation: borrowing AdaptationTable) {
        unsafe cursor.bin(bin, &context, mask: .max, adaptation.view)
    }

    /// Appends a symbol of a decision group, 0 … 4, which learns from it; see `ArithmeticDecoder.symbol`. Room for two bins must have
    /// been reserved.
    ///
    /// - Parameter memory: of shares; see `DecisionGroup.Shares.store`.
    @inline(__always)
    mutating func symbol(
        _ symbol: Int, _ group: UnsafeMutablePointer<UInt32>, _ adaptation: DecisionAdaptation.View, _ memory: UnsafeMutablePointer<UInt64>
    ) {
        unsafe cursor.symbol(symbol, group, adaptation, memory)
    }

    /// The canonical codeword: see `ArithmeticDecoder.finish`. At least one byte.
    consuming func finish() -> [UInt8] {
        reserve(bins: 0)
        cursor.finish()
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: cursor.next - bytes))
    }
}
