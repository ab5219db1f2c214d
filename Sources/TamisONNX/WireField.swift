/// One field of a protobuf message as it lies in the file; nothing is copied.
struct WireField: Sendable {
    /// How a value is laid out; raw values are protobuf's wire types. The two group types (3, 4) are missing: ONNX has no groups.
    enum Kind: UInt8, Sendable {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
        case fixed32 = 5
    }

    let number: UInt32
    let kind: Kind
    /// The value of a varint; 0 for the other kinds.
    let integer: UInt64
    /// Place of the value in the file, without its tag and length.
    let value: Range<Int>
}
