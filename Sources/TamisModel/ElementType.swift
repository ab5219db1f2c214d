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
    case complex64 = 14
    case complex128 = 15
    case bfloat16 = 16
    case float8e4m3fn = 17
    case float8e4m3fnuz = 18
    case float8e5m2 = 19
    case float8e5m2fnuz = 20
    case uint4 = 21
    case int4 = 22
    case float4e2m1 = 23
    case float8e8m0 = 24
    case uint2 = 25
    case int2 = 26
    case float6e2m3 = 27
    case float6e3m2 = 28

    /// What the numbers of a type are.
    public enum Kind: Sendable {
        case floatingPoint, signedInteger, unsignedInteger, bool, complex
    }

    /// Bits of one element as stored. Elements of less than a byte are packed, the first one in the lowest bits (Spec §5.2).
    public var bitCount: Int {
        switch self {
        case .uint2, .int2: 2
        case .uint4, .int4, .float4e2m1: 4
        case .float6e2m3, .float6e3m2: 6
        case .uint8, .int8, .bool, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0: 8
        case .uint16, .int16, .float16, .bfloat16: 16
        case .float32, .int32, .uint32: 32
        case .float64, .int64, .uint64, .complex64: 64
        case .complex128: 128
        }
    }

    public var kind: Kind {
        switch self {
        case .int2, .int4, .int8, .int16, .int32, .int64: .signedInteger
        case .uint2, .uint4, .uint8, .uint16, .uint32, .uint64: .unsignedInteger
        case .bool: .bool
        case .complex64, .complex128: .complex
        case .float32, .float16, .float64, .bfloat16, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float4e2m1,
            .float6e2m3, .float6e3m2:
            .floatingPoint
        }
    }

    /// Real numbers with an exponent, of any width.
    public var isFloatingPoint: Bool { kind == .floatingPoint }

    /// Several elements share a byte, or one lies across two.
    public var isPacked: Bool { bitCount < 8 }

    /// The name people know it by, for example `float32`.
    public var name: String { "\(self)" }
}
