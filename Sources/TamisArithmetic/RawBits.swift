import TamisBits

/// Reads raw bits: least significant first within each byte, bytes in order (Spec §6.3).
///
/// Past its end the run reads as zeros; `finish` tells whether exactly its bytes were used.
@safe
struct RawBitReader: ~Copyable {
    private let bytes: ByteView
    private var window: UInt64 = 0
    /// Bits of `window` not yet taken.
    private var available: Int = 0
    private var position: Int = 0
    /// Bits taken that lay past the end.
    private var missing: Int = 0

    init(_ bytes: ByteView) { self.bytes = bytes }

    /// The next `count` bits, 0 … 32, as an integer.
    @inline(__always)
    mutating func take(_ count: Int) -> UInt32 {
        if available < count { refill() }
        let value = UInt32(truncatingIfNeeded: window & ((1 &<< UInt64(count)) &- 1))
        window &>>= UInt64(count)
        available &-= count
        return value
    }

    @inline(never)
    private mutating func refill() {
        if position &+ 4 <= bytes.count {
            window |= UInt64(bytes.load(position, as: UInt32.self)) << UInt64(available)
            position &+= 4
            available &+= 32
            return
        }
        for _ in 0..<4 {
            if position < bytes.count {
                window |= UInt64(bytes[position]) << UInt64(available)
                position &+= 1
            } else {
                missing &+= 8
            }
            available &+= 8
        }
    }

    /// True if the bits taken end in the last byte and the rest of that byte is zero.
    consuming func finish() -> Bool {
        // Bits past the end were supplied, at most the untaken rest of the window may be such bits.
        let untaken = available - missing
        return position == bytes.count && untaken >= 0 && untaken < 8 && window == 0
    }
}

/// Writes raw bits in the form `RawBitReader` reads.
@safe
struct RawBitWriter: ~Copyable {
    private var bytes: UnsafeMutablePointer<UInt8>
    private var count = 0
    private var capacity: Int
    private var window: UInt64 = 0
    private var filled: Int = 0

    init(reservingBytes: Int) {
        capacity = max(reservingBytes, 64)
        unsafe bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    }

    deinit { unsafe bytes.deallocate() }

    /// Appends the lower `count` bits of `value`, 0 … 32; the bits above them are zero.
    @inline(__always)
    mutating func put(_ value: UInt32, _ count: Int) {
        window |= UInt64(value) &<< UInt64(truncatingIfNeeded: filled)
        filled &+= count
        if filled >= 32 {
            if self.count &+ 8 > capacity { grow() }
            unsafe UnsafeMutableRawPointer(bytes + self.count).storeBytes(of: UInt32(truncatingIfNeeded: window).littleEndian, as: UInt32.self)
            self.count &+= 4
            window &>>= 32
            filled &-= 32
        }
    }

    @inline(never)
    private mutating func grow() {
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2)
        unsafe larger.initialize(from: bytes, count: count)
        unsafe bytes.deallocate()
        unsafe bytes = larger
        capacity *= 2
    }

    mutating func finish() -> [UInt8] {
        // There is room for four more bytes than `put` has used.
        while filled > 0 {
            unsafe bytes[count] = UInt8(truncatingIfNeeded: window)
            count += 1
            window >>= 8
            filled -= 8
        }
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    }
}
