/// SHA-256 (FIPS 180-4).
///
/// Feeding the bytes in any number of parts gives the same digest as feeding them at once.
package struct SHA256: Sendable {
    package typealias State = (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)

    /// Bytes in a block.
    static let blockSize = 64

    /// FIPS 180-4, section 5.3.3.
    private var state: State = (
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19
    )
    /// The bytes since the last whole block; `pendingCount` of them count, always fewer than a block.
    private var pending = InlineArray<64, UInt8>(repeating: 0)
    private var pendingCount = 0
    private var totalCount: UInt64 = 0

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        totalCount &+= UInt64(bytes.count)
        var rest = unsafe bytes
        if pendingCount > 0 {
            unsafe rest = fill(from: bytes)
            if pendingCount < Self.blockSize { return }
            compressPending()
        }
        let whole = rest.count / Self.blockSize * Self.blockSize
        if whole > 0 { unsafe Self.compress(UnsafeRawBufferPointer(rebasing: rest[..<whole]), into: &state) }
        _ = unsafe fill(from: UnsafeRawBufferPointer(rebasing: rest[whole...]))
    }

    /// Moves bytes to `pending` until it holds a block or `bytes` is used up; returns what is left.
    private mutating func fill(from bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let count = min(Self.blockSize - pendingCount, bytes.count)
        for position in 0..<count { pending[pendingCount + position] = unsafe bytes[position] }
        pendingCount += count
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[count...])
    }

    private mutating func compressPending() {
        unsafe withUnsafeBytes(of: pending) { block in unsafe Self.compress(block, into: &state) }
        pendingCount = 0
    }

    /// The 32 bytes of the digest of everything so far; more may follow.
    package var value: [UInt8] {
        var last = self
        // FIPS 180-4, section 5.1.1: a one bit, zeros, and the length in bits as a 64-bit big-endian integer end a block.
        last.pending[last.pendingCount] = 0x80
        last.pendingCount += 1
        if last.pendingCount > Self.blockSize - 8 {
            for position in last.pendingCount..<Self.blockSize { last.pending[position] = 0 }
            last.compressPending()
        }
        for position in last.pendingCount..<(Self.blockSize - 8) { last.pending[position] = 0 }
        let bitCount = totalCount << 3
        for index in 0..<8 { last.pending[Self.blockSize - 1 - index] = UInt8(truncatingIfNeeded: bitCount >> UInt64(8 * index)) }
        last.compressPending()

        let words = last.state
        var digest: [UInt8] = []
        digest.reserveCapacity(32)
        for word in [words.0, words.1, words.2, words.3, words.4, words.5, words.6, words.7] {
            for shift: UInt32 in [24, 16, 8, 0] { digest.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        return digest
    }

    /// `value` as 64 lower-case hexadecimal digits.
    package var hexadecimal: String { Hexadecimal.text(value) }

    package static func of(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = SHA256()
        unsafe hash.update(bytes)
        return hash.value
    }
}
