import TamisArithmetic
import TamisBits
import TamisModel
import TamisSyntax
import TamisZstd

/// The coder of one tensor whose slices go by themselves.
enum SliceCoder: Sendable {
    case quantized(TensorCoder)
    case integer(IntegerTensorCoder)
    case float(FloatTensorCoder)

    /// A coder that keeps the tensor bit-exact; nil if general-purpose compression does better.
    ///
    /// - Parameter overhead: bytes that the coder has to save at the least.
    static func exact(_ work: TensorWork, sliceElements: Int, overhead: Double = 0) -> SliceCoder? {
        switch work.description.elementType.kind {
        case .signedInteger, .unsignedInteger, .bool:
            guard let (coder, byteCount) = IntegerTensorCoder.best(for: work, sliceElements: sliceElements) else { return nil }
            return byteCount + overhead < compressedByteCount(work.original) ? .integer(coder) : nil
        case .floatingPoint:
            guard let layout = FloatLayout(work.description.elementType), work.view.elementCount > 0,
                UInt64(work.view.elementCount) == work.description.shape.elementCount,
                let coder = FloatTensorCoder(
                    bytes: work.original, layout: layout, view: work.view, rowAxis: work.rowAxis, rowAxisCount: work.rowAxisCount)
            else { return nil }
            return Double(coder.estimatedBytes) + overhead < compressedByteCount(work.original) ? .float(coder) : nil
        case .complex: return nil
        }
    }

    /// About what general-purpose compression makes of `bytes`: of all, or of parts spread over them.
    private static func compressedByteCount(_ bytes: ByteView) -> Double {
        do throws(TamisError) {
            if bytes.count <= sampledParts * sampledPartBytes { return Double(try Zstandard.compress(bytes, level: ModelEncoder.rawLevel).count) }
            var sample: [UInt8] = []
            sample.reserveCapacity(sampledParts * sampledPartBytes)
            for part in 0..<sampledParts {
                let start = (bytes.count - sampledPartBytes) / (sampledParts - 1) * part
                unsafe sample.append(contentsOf: bytes[start..<(start + sampledPartBytes)].buffer)
            }
            let frame = try ByteView.of(sample) { (view) throws(TamisError) in try Zstandard.compress(view, level: ModelEncoder.rawLevel) }
            return Double(frame.count) * Double(bytes.count) / Double(sample.count)
        } catch {
            return .infinity
        }
    }

    private static let sampledParts = 16
    private static let sampledPartBytes = 1 << 16

    /// Indices in all slices together.
    var elementCount: Int {
        switch self {
        case .quantized(let coder): coder.work.elementCount
        case .integer(let coder): coder.view.elementCount
        case .float(let coder): coder.elementCount
        }
    }

    /// Binary logarithm of the indices of an element.
    var fieldsLog2: Int {
        if case .integer(let coder) = self { return Int(coder.coding.integerCoding.fieldsLog2) }
        return 0
    }

    var isQuantizing: Bool {
        if case .quantized = self { return true }
        return false
    }

    /// What follows the slice table, before the slices.
    var codewords: [[UInt8]] {
        switch self {
        case .quantized(let coder): [coder.lineClasses]
        case .integer(let coder): [coder.lineClasses]
        case .float(let coder): [coder.lineClasses, coder.shortRows, coder.frequencies]
        }
    }

    func fill(_ header: inout DataUnit) {
        switch self {
        case .quantized(let coder):
            header.codingMode = CodingMode.index.rawValue
            header.indexCoding = coder.coding
        case .integer(let coder):
            header.codingMode = CodingMode.index.rawValue
            header.indexCoding = coder.coding
        case .float(let coder):
            header.codingMode = CodingMode.float.rawValue
            header.floatCoding = coder.coding
        }
    }

    /// Codes the slices at `ranges` of the coding order, one or two.
    ///
    /// - Parameter decoded: of a quantized tensor, memory for its decoded bytes; others do not use it.
    func encode(_ ranges: [Range<Int>], decoded: ByteRegion) -> [(slice: IndexSliceCoder.Slice, error: SquaredError)] {
        if case .quantized(let coder) = self, ranges.count == 2 { return coder.encode(ranges[0], ranges[1], decoded: decoded) }
        return ranges.map { range in
            switch self {
            case .quantized(let coder): coder.encode(range, decoded: decoded)
            case .integer(let coder): (coder.encode(range), SquaredError())
            case .float(let coder): (coder.encode(range), SquaredError())
            }
        }
    }
}
