import TamisBits

/// Reads raw bits (Spec §6.3) by their place: faster than `RawBitReader` where many are taken at a time.
@safe
struct LongRawBitReader {
    private let bytes: UnsafeRawPointer?
    private let count: Int
    /// Bits taken.
    private var place = 0

    init(_ bytes: ByteView) {
        unsafe self.bytes = unsafe bytes.buffer.baseAddress
        count = bytes.count
    }

    /// True if `bits` bits and then `held` can be had without a check.
    @inline(always)
    func holds(_ bits: Int) -> Bool { (place &+ bits) &>> 3 &+ 8 <= count }

    /// The next 57 bits, and perhaps more above them; only if `holds`.
    @inline(always)
    func held() -> UInt64 {
        unsafe UInt64(littleEndian: bytes.unsafelyUnwrapped.loadUnaligned(fromByteOffset: place &>> 3, as: UInt64.self)) &>> UInt64(place & 7)
    }

    /// The next 57 bits, and perhaps more above them; zeros past the end.
    @inline(always)
    var window: UInt64 { unsafe holds(0) ? held() : Self.lastWindow(bytes, count, place) }

    @inline(never)
    private static func lastWindow(_ bytes: UnsafeRawPointer?, _ count: Int, _ place: Int) -> UInt64 {
        var window: UInt64 = 0
        let first = place >> 3
        for byte in 0..<8 where first + byte < count {
            window |= unsafe UInt64(bytes.unsafelyUnwrapped.load(fromByteOffset: first + byte, as: UInt8.self)) << UInt64(8 * byte)
        }
        return window >> UInt64(place & 7)
    }

    @inline(always)
    mutating func skip(_ bits: Int) { place &+= bits }

    /// The next `bits` bits, 0 … 57; past the end they are zeros.
    mutating func take(_ bits: Int) -> UInt64 {
        let taken = window & ((1 << UInt64(bits)) - 1)
        skip(bits)
        return taken
    }

    /// True if the bits taken end in the last byte and the rest of that byte is zero.
    mutating func finish() -> Bool {
        let left = 8 * count - place
        return left >= 0 && left < 8 && take(left) == 0
    }
}

/// Writes raw bits (Spec §6.3) without a branch.
@safe
struct LongRawBitWriter: ~Copyable {
    private let bytes: UnsafeMutableRawPointer
    var cursor: Cursor

    /// Where writing stands. Loops keep a copy, which fits the registers of a processor.
    @safe
    struct Cursor {
        fileprivate var next: UnsafeMutableRawPointer
        private var window: UInt64 = 0
        /// Bits in the window, at most 7.
        fileprivate private(set) var filled = 0

        fileprivate init(_ next: UnsafeMutableRawPointer) { unsafe self.next = next }

        /// Appends the lower `count` bits of `bits`, 0 … 57; those above them are zero.
        @inline(always)
        mutating func put(_ bits: UInt64, _ count: Int) {
            window |= bits &<< UInt64(truncatingIfNeeded: filled)
            unsafe next.storeBytes(of: window.littleEndian, as: UInt64.self)
            filled &+= count
            unsafe next += filled &>> 3
            window &>>= UInt64(truncatingIfNeeded: filled & ~7)
            filled &= 7
        }
    }

    /// - Parameter bits: to be put at the most.
    init(bits: Int) {
        unsafe bytes = .allocate(byteCount: bits / 8 + 16, alignment: 8)
        unsafe cursor = Cursor(bytes)
    }

    deinit { unsafe bytes.deallocate() }

    consuming func finish() -> [UInt8] { bytes(upTo: cursor) }

    /// What a copy of the cursor has written.
    func bytes(upTo cursor: Cursor) -> [UInt8] {
        unsafe Array(UnsafeRawBufferPointer(start: bytes, count: cursor.next - bytes + (cursor.filled > 0 ? 1 : 0)))
    }
}
