import TamisBits

/// Reads the states and words of a codeword of float mode (Spec §6.9.3).
@safe
struct WordReader {
    /// The next word. It may be moved on while `remaining` allows it.
    var next: UnsafeRawPointer
    private let end: UnsafeRawPointer
    private var missing = false

    /// - Parameter codeword: at least the states; must outlive the reader.
    init(_ codeword: ByteView) {
        unsafe next = codeword.buffer.baseAddress.unsafelyUnwrapped
        unsafe end = next + codeword.count
    }

    @inline(__always)
    var remaining: Int { unsafe end - next }

    mutating func state() -> UInt32 {
        defer { unsafe next += 4 }
        return unsafe UInt32(littleEndian: next.loadUnaligned(as: UInt32.self))
    }

    /// The next word, zero past the end.
    mutating func word() -> UInt32 {
        if remaining < 2 {
            missing = true
            return 0
        }
        defer { unsafe next += 2 }
        return unsafe UInt32(UInt16(littleEndian: next.loadUnaligned(as: UInt16.self)))
    }

    /// True if all words were read, and no more than there are.
    var isSpent: Bool { remaining == 0 && !missing }
}
