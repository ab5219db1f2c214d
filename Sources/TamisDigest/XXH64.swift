/// The 64-bit hash XXH64 (xxHash fast digest algorithm, version 0.1.1): fast, not cryptographic.
///
/// Feeding the bytes in any number of parts gives the same value as feeding them at once.
package struct XXH64: Sendable {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5
    private static let stripe = 32

    private let seed: UInt64
    private var lanes: (UInt64, UInt64, UInt64, UInt64)
    /// The bytes since the last whole stripe; `pendingCount` of them count, always fewer than a stripe.
    private var pending: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    private var pendingCount = 0
    private var totalCount: UInt64 = 0

    package init(seed: UInt64 = 0) {
        self.seed = seed
        lanes = (seed &+ Self.prime1 &+ Self.prime2, seed &+ Self.prime2, seed, seed &- Self.prime1)
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        totalCount &+= UInt64(bytes.count)
        var rest = unsafe bytes
        if pendingCount > 0 {
            unsafe rest = fill(from: bytes)
            if pendingCount < Self.stripe { return }
            unsafe withUnsafeBytes(of: pending) { stripe in unsafe Self.consume(stripe, into: &lanes) }
            pendingCount = 0
        }
        let whole = rest.count / Self.stripe * Self.stripe
        unsafe Self.consume(UnsafeRawBufferPointer(rebasing: rest[..<whole]), into: &lanes)
        _ = unsafe fill(from: UnsafeRawBufferPointer(rebasing: rest[whole...]))
    }

    /// Moves bytes to `pending` until it holds a stripe or `bytes` is used up; returns what is left.
    private mutating func fill(from bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let count = min(Self.stripe - pendingCount, bytes.count)
        let start = pendingCount
        unsafe withUnsafeMutableBytes(of: &pending) { target in
            for position in 0..<count { unsafe target[start + position] = bytes[position] }
        }
        pendingCount += count
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[count...])
    }

    /// - Parameter stripes: a whole number of stripes.
    private static func consume(_ stripes: UnsafeRawBufferPointer, into lanes: inout (UInt64, UInt64, UInt64, UInt64)) {
        guard var next = stripes.baseAddress else { return }
        var (a, b, c, d) = lanes
        var left = stripes.count / stripe
        while left > 0 {
            a = round(a, unsafe UInt64(littleEndian: next.loadUnaligned(as: UInt64.self)))
            b = round(b, unsafe UInt64(littleEndian: next.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
            c = round(c, unsafe UInt64(littleEndian: next.loadUnaligned(fromByteOffset: 16, as: UInt64.self)))
            d = round(d, unsafe UInt64(littleEndian: next.loadUnaligned(fromByteOffset: 24, as: UInt64.self)))
            unsafe next += stripe
            left &-= 1
        }
        lanes = (a, b, c, d)
    }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 { (value << count) | (value >> (64 &- count)) }

    @inline(__always)
    private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 { rotate(lane &+ word &* prime2, 31) &* prime1 }

    @inline(__always)
    private static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 { (hash ^ round(0, lane)) &* prime1 &+ prime4 }

    /// The hash of all bytes so far; more may follow.
    package var value: UInt64 {
        let (a, b, c, d) = lanes
        var hash: UInt64
        if totalCount >= UInt64(Self.stripe) {
            hash = Self.rotate(a, 1) &+ Self.rotate(b, 7) &+ Self.rotate(c, 12) &+ Self.rotate(d, 18)
            hash = Self.merge(hash, a)
            hash = Self.merge(hash, b)
            hash = Self.merge(hash, c)
            hash = Self.merge(hash, d)
        } else {
            hash = seed &+ Self.prime5
        }
        hash &+= totalCount

        unsafe withUnsafeBytes(of: pending) { tail in
            var position = 0
            while pendingCount - position >= 8 {
                hash ^= Self.round(0, unsafe UInt64(littleEndian: tail.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
                hash = Self.rotate(hash, 27) &* Self.prime1 &+ Self.prime4
                position += 8
            }
            if pendingCount - position >= 4 {
                hash ^= UInt64(unsafe UInt32(littleEndian: tail.loadUnaligned(fromByteOffset: position, as: UInt32.self))) &* Self.prime1
                hash = Self.rotate(hash, 23) &* Self.prime2 &+ Self.prime3
                position += 4
            }
            while position < pendingCount {
                hash ^= UInt64(unsafe tail[position]) &* Self.prime5
                hash = Self.rotate(hash, 11) &* Self.prime1
                position += 1
            }
        }

        hash = (hash ^ (hash >> 33)) &* Self.prime2
        hash = (hash ^ (hash >> 29)) &* Self.prime3
        return hash ^ (hash >> 32)
    }

    /// `value` as sixteen lower-case hexadecimal digits, most significant first (the canonical form of the algorithm).
    package var hexadecimal: String {
        let value = value
        return Hexadecimal.text((0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) })
    }

    package static func of(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
        var hash = XXH64(seed: seed)
        unsafe hash.update(bytes)
        return hash.value
    }
}
