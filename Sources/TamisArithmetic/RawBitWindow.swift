import TamisBits

/// Raw bits (Spec §6.3) by their place, seen through a window that is moved on: for loops that take a few at a time.
@safe
struct RawBitWindow {
    private let bytes: UnsafeRawPointer?
    private let count: Int
    /// Bits passed.
    private var place = 0

    /// - Parameter bytes: must outlive the window.
    init(_ bytes: ByteView) {
        unsafe self.bytes = unsafe bytes.buffer.baseAddress
        count = bytes.count
    }

    /// The next 57 bits or more, the first one least significant; zeros past the end.
    @inline(always)
    var window: UInt64 {
        let byte = place &>> 3
        if byte &+ 8 <= count {
            return unsafe UInt64(littleEndian: bytes.unsafelyUnwrapped.loadUnaligned(fromByteOffset: byte, as: UInt64.self)) &>> UInt64(place & 7)
        }
        return unsafe Self.lastWindow(bytes, count, place)
    }

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

    /// True if the bits passed end in the last byte and the rest of that byte is zero.
    var isAtEnd: Bool {
        let left = 8 * count - place
        return left >= 0 && left < 8 && window & ((1 << UInt64(left)) - 1) == 0
    }
}
