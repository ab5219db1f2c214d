import TamisModel

/// The type of a tensor's elements; raw values are the words of the format.
public enum SafetensorsType: String, Sendable, CaseIterable {
    case bool = "BOOL"
    case float4 = "F4"
    case float6E2M3 = "F6_E2M3"
    case float6E3M2 = "F6_E3M2"
    case uint8 = "U8"
    case int8 = "I8"
    case float8E5M2 = "F8_E5M2"
    case float8E4M3 = "F8_E4M3"
    case float8E8M0 = "F8_E8M0"
    case float8E4M3FNUZ = "F8_E4M3FNUZ"
    case float8E5M2FNUZ = "F8_E5M2FNUZ"
    case int16 = "I16"
    case uint16 = "U16"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int32 = "I32"
    case uint32 = "U32"
    case float32 = "F32"
    case complex64 = "C64"
    case float64 = "F64"
    case int64 = "I64"
    case uint64 = "U64"

    /// Bits of one element; elements of less than a byte are packed.
    public var bitCount: UInt64 {
        switch self {
        case .float4: 4
        case .float6E2M3, .float6E3M2: 6
        case .bool, .uint8, .int8, .float8E5M2, .float8E4M3, .float8E8M0, .float8E4M3FNUZ, .float8E5M2FNUZ: 8
        case .int16, .uint16, .float16, .bfloat16: 16
        case .int32, .uint32, .float32: 32
        case .complex64, .float64, .int64, .uint64: 64
        }
    }

    /// The same type in a stream.
    public var elementType: ElementType {
        switch self {
        case .bool: .bool
        case .float4: .float4e2m1
        case .float6E2M3: .float6e2m3
        case .float6E3M2: .float6e3m2
        case .uint8: .uint8
        case .int8: .int8
        case .float8E5M2: .float8e5m2
        case .float8E4M3: .float8e4m3fn
        case .float8E8M0: .float8e8m0
        case .float8E4M3FNUZ: .float8e4m3fnuz
        case .float8E5M2FNUZ: .float8e5m2fnuz
        case .int16: .int16
        case .uint16: .uint16
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .int32: .int32
        case .uint32: .uint32
        case .float32: .float32
        case .complex64: .complex64
        case .float64: .float64
        case .int64: .int64
        case .uint64: .uint64
        }
    }
}
