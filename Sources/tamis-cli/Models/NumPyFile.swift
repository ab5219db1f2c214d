import TamisModel

/// A tensor as `numpy.load` reads it: NPY format version 1.0 (NEP 1, "A Simple File Format for NumPy Arrays").
enum NumPyFile {
    /// All that comes before the elements, which follow little-endian and in C order.
    static func start(_ tensor: TensorDescription) -> [UInt8] {
        // A tuple of one element needs a comma; numpy's own files have one after every dimension but the last of several.
        let dimensions = (tensor.elementType.isPacked ? [tensor.byteCount ?? 0] : tensor.shape.dimensions).map(String.init)
        let shape = dimensions.count == 1 ? "(\(dimensions[0]),)" : "(" + dimensions.joined(separator: ", ") + ")"
        var header = Array("{'descr': '\(descriptor(tensor.elementType))', 'fortran_order': False, 'shape': \(shape), }".utf8)
        // Signature, version, length, header and a line feed together fill blocks of 64 bytes.
        let prefix = 10
        header += [UInt8](repeating: 0x20, count: (64 - (prefix + header.count + 1) % 64) % 64)
        header.append(0x0A)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count & 0xFF), UInt8(header.count >> 8)] + header
    }

    /// What to say of a type that NumPy does not know; nil if it does.
    static func note(_ type: ElementType) -> String? {
        switch type {
        case .bfloat16: "NumPy knows no bfloat16: the values are written as the uint16 of the same bits"
        case _ where descriptor(type) == "|u1" && type != .uint8:
            "NumPy knows no \(type.name): the values are written as the bytes they are stored in\(type.isPacked ? ", several to a byte" : "")"
        default: nil
        }
    }

    private static func descriptor(_ type: ElementType) -> String {
        switch type {
        case .float16: "<f2"
        case .float32: "<f4"
        case .float64: "<f8"
        case .int8: "|i1"
        case .int16: "<i2"
        case .int32: "<i4"
        case .int64: "<i8"
        case .uint8: "|u1"
        case .uint16, .bfloat16: "<u2"
        case .uint32: "<u4"
        case .uint64: "<u8"
        case .bool: "|b1"
        case .complex64: "<c8"
        case .complex128: "<c16"
        // NumPy has no such type: the bytes as they are.
        case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float4e2m1, .float6e2m3, .float6e3m2, .uint4, .int4, .uint2,
            .int2:
            "|u1"
        }
    }
}
