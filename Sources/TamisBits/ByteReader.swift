/// Reads integers from a run of bytes, front to back; every read is checked against the end.
///
/// Multi-byte integers are little-endian (Spec §2). Offsets in errors count from `base`, the place of the first byte in
/// the whole file.
package struct ByteReader: Sendable {
    private let bytes: ByteView
    /// Bytes read so far.
    package private(set) var position: Int
    /// Place of the first byte in the file; only used in errors.
    package let base: UInt64

    package init(_ bytes: ByteView, base: UInt64 = 0) {
        self.bytes = bytes
        self.position = 0
        self.base = base
    }

    package var count: Int { bytes.count }
    package var remaining: Int { bytes.count - position }
    /// Place of the next byte in the file.
    package var fileOffset: UInt64 { base &+ UInt64(position) }

    private func need(_ count: Int, _ element: StaticString) throws(TamisError) {
        if count > remaining { throw .truncated(element, needs: UInt64(count), has: UInt64(remaining), at: fileOffset) }
    }

    package mutating func u8(_ element: StaticString) throws(TamisError) -> UInt8 {
        try need(1, element)
        let value = bytes[position]
        position += 1
        return value
    }

    private mutating func little<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, _ element: StaticString) throws(TamisError) -> T {
        try need(MemoryLayout<T>.size, element)
        let value = bytes.load(position, as: T.self)
        position += MemoryLayout<T>.size
        return value
    }

    package mutating func u16(_ element: StaticString) throws(TamisError) -> UInt16 { try little(UInt16.self, element) }
    package mutating func u32(_ element: StaticString) throws(TamisError) -> UInt32 { try little(UInt32.self, element) }
    package mutating func u64(_ element: StaticString) throws(TamisError) -> UInt64 { try little(UInt64.self, element) }

    /// An unsigned LEB128 integer of at most 64 bits in its shortest form (Spec §2): seven bits a byte, least significant first.
    package mutating func uv(_ element: StaticString) throws(TamisError) -> UInt64 {
        let start = fileOffset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try u8(element)
            // The tenth byte holds the last bit of 64.
            if shift == 63 && byte > 1 {
                throw TamisError(.valueOutOfRange, "the integer is longer than 64 bits", element: "\(element)", byteOffset: start)
            }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                if byte == 0 && shift > 0 {
                    throw TamisError(.overlongInteger, "the integer is not in its shortest form", element: "\(element)", byteOffset: start)
                }
                return value
            }
            shift += 7
        }
    }

    /// The next `count` bytes, not copied.
    package mutating func bytes(_ count: UInt64, _ element: StaticString) throws(TamisError) -> ByteView {
        if count > UInt64(remaining) { throw .truncated(element, needs: count, has: UInt64(remaining), at: fileOffset) }
        let part = bytes[position..<(position + Int(count))]
        position += Int(count)
        return part
    }
}

extension TamisError {
    @inline(never)
    package static func truncated(_ element: StaticString, needs: UInt64, has: UInt64, at offset: UInt64) -> TamisError {
        TamisError(
            .truncated, "the data ends too early: \(needs) bytes are needed, \(has) are left", element: "\(element)", byteOffset: offset,
            advice: "the file is damaged or was not copied completely; fetch it again")
    }
}
