/// A value of `TensorProto.data_type`: any number a file may hold, known or not.
struct DataType: Sendable, Equatable {
    /// As written. Readers cut it to 32 bits; a number that needs more is taken for unknown here, never for its low bits.
    let number: UInt64

    static let float = DataType(number: 1)

    /// True for the real floating-point types of any width.
    var isFloatingPoint: Bool { name.hasPrefix("float") || name.hasPrefix("bfloat") }

    /// Bytes of an element of a floating-point type; 0 for those below a byte, and for other types.
    var floatByteCount: UInt64 {
        switch name {
        case "float64": 8
        case "float32": 4
        case "float16", "bfloat16": 2
        default: name.hasPrefix("float8") ? 1 : 0
        }
    }

    private static let names = [
        "undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16", "float64", "uint32",
        "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4",
        "int4", "float4e2m1", "float8e8m0", "uint2", "int2", "float6e2m3", "float6e3m2",
    ]

    /// The name people know it by, for example `float32`; `type 99` if ONNX 1.23 has none.
    var name: String { number < UInt64(Self.names.count) ? Self.names[Int(number)] : "type \(number)" }
}
