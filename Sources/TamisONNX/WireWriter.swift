/// Writes protobuf fields, in their shortest form.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func tag(_ number: UInt32, _ kind: WireField.Kind) { varint(UInt64(number) << 3 | UInt64(kind.rawValue)) }

    mutating func integer(_ number: UInt32, _ value: UInt64) {
        tag(number, .varint)
        varint(value)
    }

    /// Tag and length of a field whose value, of `byteCount` bytes, follows.
    mutating func header(_ number: UInt32, byteCount: UInt64) {
        tag(number, .lengthDelimited)
        varint(byteCount)
    }

    mutating func message(_ number: UInt32, _ content: [UInt8]) {
        header(number, byteCount: UInt64(content.count))
        bytes += content
    }
}
