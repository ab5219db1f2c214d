import TamisBits

/// Walks over the fields of one protobuf message, front to back, without looking into them.
///
/// The wire format is that of protobuf.dev, "Encoding". Accepted: varints of at most 10 bytes that fit 64 bits, also when they are
/// not in their shortest form, as every protobuf library does. Refused with `invalid_model`: groups, wire types 6 and 7, field
/// number 0, tags beyond 32 bits, and any value that reaches past the end of its message. Each call takes a time that does not
/// depend on the length of the value.
struct WireReader {
    private let bytes: ByteView
    /// Place of the next byte in the file.
    private(set) var position: Int
    private let end: Int

    /// - Parameter range: the message's place in `bytes`, which must be inside.
    init(_ bytes: ByteView, _ range: Range<Int>) {
        self.bytes = bytes
        self.position = range.lowerBound
        self.end = range.upperBound
    }

    var isAtEnd: Bool { position >= end }

    /// The next field, or nil at the end of the message.
    mutating func next() throws(TamisError) -> WireField? {
        if position >= end { return nil }
        let start = position
        let tag = try varint()
        guard tag <= UInt64(UInt32.max) else {
            throw .invalidModel("a protobuf field has a tag beyond 32 bits", at: start, advice: WireReader.advice)
        }
        let number = UInt32(tag >> 3)
        guard number != 0 else { throw .invalidModel("a protobuf field has the number 0", at: start, advice: WireReader.advice) }
        guard let kind = WireField.Kind(rawValue: UInt8(tag & 7)) else { throw wrongKind(tag & 7, of: number, at: start) }
        var integer: UInt64 = 0
        let byteCount: UInt64
        let valueStart: Int
        switch kind {
        case .varint:
            valueStart = position
            integer = try varint()
            byteCount = 0
        case .fixed64: (valueStart, byteCount) = (position, 8)
        case .fixed32: (valueStart, byteCount) = (position, 4)
        case .lengthDelimited:
            byteCount = try varint()
            valueStart = position
        }
        let left = end - position
        if byteCount > UInt64(left) { throw tooLong(number, needs: byteCount, has: left, at: start) }
        position += Int(byteCount)
        return WireField(number: number, kind: kind, integer: integer, value: valueStart..<position)
    }

    /// The next varint: a tag, a length, or an element of a packed list.
    mutating func varint() throws(TamisError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end {
            let byte = bytes[position]
            position += 1
            // The tenth byte holds the last bit of 64.
            if shift == 63 && byte > 1 {
                throw .invalidModel("a protobuf integer is longer than 64 bits", at: start, advice: WireReader.advice)
            }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .invalidModel("the data ends inside a protobuf integer", at: start, advice: WireReader.advice)
    }

    private static let advice = "either this is not an ONNX model, or the file is damaged or was not copied completely"

    @inline(never)
    private func wrongKind(_ kind: UInt64, of number: UInt32, at offset: Int) -> TamisError {
        let what = kind == 3 || kind == 4 ? "is a group, which ONNX does not use" : "has the wire type \(kind), which does not exist"
        return .invalidModel("protobuf field \(number) \(what)", at: offset, advice: WireReader.advice)
    }

    @inline(never)
    private func tooLong(_ number: UInt32, needs: UInt64, has: Int, at offset: Int) -> TamisError {
        .invalidModel("protobuf field \(number) declares \(needs) bytes, \(has) are left", at: offset, advice: WireReader.advice)
    }
}
