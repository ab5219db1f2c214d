/// The type of a tensor's elements; raw values are the codes of the Spec (§5.2), which are ONNX's `TensorProto.DataType` numbers.
public enum ElementType: UInt8, Sendable, CaseIterable {
    case float32 = 1
    case uint8 = 2
    case int8 = 3
    case uint16 = 4
    case int16 = 5
    case int32 = 6
    case int64 = 7
    case bool = 9
    case float16 = 10
    case float64 = 11
    case uint32 = 12
    case uint64 = 13
    case bfloat16 = 16

    /// Bytes of one element as stored.
    public var byteCount: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16, .float16, .bfloat16: 2
        case .float32, .int32, .uint32: 4
        case .float64, .int64, .uint64: 8
        }
    }

    /// The name people know it by, for example `float32`.
    public var name: String { "\(self)" }
}
