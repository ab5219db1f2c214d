import TamisBits
import TamisModel
import TamisQuantization

/// How far decoded tensors are from their sources, found anew from the elements of both (Spec §8.4).
struct MeasuredError {
    /// Sum of the squared differences; infinite where one is no number.
    private var squares = 0.0
    private var count: UInt64 = 0

    /// Root mean square of the differences.
    var value: Double { count == 0 ? 0 : (squares / Double(count)).squareRoot() }

    /// - Parameters:
    ///   - source, decoded: elements of a tensor described by `description`; of equal length.
    mutating func add(_ description: TensorDescription, source: ByteView, decoded: ByteView) {
        let type = description.elementType
        count += description.shape.elementCount * (type.kind == .complex ? 2 : 1)
        switch type {
        case .float32, .complex64: add(source, decoded, as: UInt32.self) { Double(Float(bitPattern: $0)) - Double(Float(bitPattern: $1)) }
        case .float64, .complex128: add(source, decoded, as: UInt64.self) { Double(bitPattern: $0) - Double(bitPattern: $1) }
        case .bfloat16: add(source, decoded, as: UInt16.self) { Double(Self.bfloat16($0)) - Double(Self.bfloat16($1)) }
        case .float16: add(source, decoded, as: UInt16.self) { Double(HalfPrecision.value(float16: $0)) - Double(HalfPrecision.value(float16: $1)) }
        case .int64: add(source, decoded, as: Int64.self) { Double(Int128($0) - Int128($1)) }
        case .uint64: add(source, decoded, as: UInt64.self) { Double(Int128($0) - Int128($1)) }
        case .int32: add(source, decoded, as: Int32.self) { Double($0) - Double($1) }
        case .uint32: add(source, decoded, as: UInt32.self) { Double($0) - Double($1) }
        case .int16: add(source, decoded, as: Int16.self) { Double($0) - Double($1) }
        case .uint16: add(source, decoded, as: UInt16.self) { Double($0) - Double($1) }
        case .int8: add(source, decoded, as: Int8.self) { Double($0) - Double($1) }
        case .uint8, .bool: add(source, decoded, as: UInt8.self) { Double($0) - Double($1) }
        case .uint2, .uint4, .int2, .int4, .float4e2m1, .float6e2m3, .float6e3m2, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0:
            addSmall(source, decoded, type, description.shape.elementCount)
        }
    }

    private mutating func add<T: FixedWidthInteger & BitwiseCopyable>(
        _ source: ByteView, _ decoded: ByteView, as type: T.Type, _ difference: (T, T) -> Double
    ) {
        for place in stride(from: 0, to: min(source.count, decoded.count), by: MemoryLayout<T>.size) {
            let (a, b) = (source.load(place, as: T.self), decoded.load(place, as: T.self))
            // Equal bits are no difference, also where subtraction would give NaN.
            if a != b { add(difference(a, b)) }
        }
    }

    private mutating func add(_ difference: Double) { squares += difference.isNaN ? .infinity : difference * difference }

    /// Elements of up to 8 bits.
    private mutating func addSmall(_ source: ByteView, _ decoded: ByteView, _ type: ElementType, _ elements: UInt64) {
        let width = type.bitCount
        let values = (0..<(1 << width)).map { SmallElement.value(UInt8($0), type) }
        func bits(_ view: ByteView, _ element: Int) -> Int {
            let first = element * width
            let low = Int(view[first / 8])
            let both = first % 8 + width > 8 ? low | Int(view[first / 8 + 1]) << 8 : low
            return both >> (first % 8) & (1 << width - 1)
        }
        for element in 0..<Int(elements) {
            let (a, b) = (bits(source, element), bits(decoded, element))
            if a != b { add(values[a] - values[b]) }
        }
    }

    private static func bfloat16(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// Whether `stated` is this error as the Spec wants it: to one part in 2^16, and 0 for 0 only.
    func agrees(with stated: Float) -> Bool {
        if value == 0 || stated == 0 { return value == 0 && stated == 0 }
        if stated == 0x1p127 { return value >= 0x1p127 * (1 - 0x1p-16) }
        // What binary32 cannot tell apart is equal.
        return (value - Double(stated)).magnitude <= value * 0x1p-16 + Double(Float.leastNonzeroMagnitude)
    }
}
