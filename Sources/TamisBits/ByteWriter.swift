/// Collects integers as bytes, in the forms that `ByteReader` reads.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8]

    package init() { bytes = [] }

    package var count: Int { bytes.count }

    package mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }
    package mutating func u8(_ value: UInt8) { bytes.append(value) }

    private mutating func little<T: FixedWidthInteger>(_ value: T) {
        for shift in stride(from: 0, to: T.bitWidth, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> T(shift))) }
    }

    package mutating func u16(_ value: UInt16) { little(value) }
    package mutating func u32(_ value: UInt32) { little(value) }
    package mutating func u64(_ value: UInt64) { little(value) }

    /// Unsigned LEB128 in its shortest form.
    package mutating func uv(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    package mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    package mutating func append(_ more: ByteView) { unsafe bytes.append(contentsOf: more.buffer) }
}
