import TamisBits
import TamisModel

/// A `TensorProto` as it lies in the file: its header fields and the places of its data, no values.
struct TensorRecord: Sendable {
    /// Most dimensions that a coded tensor may have; the dimensions beyond are counted, not kept, so that a list of millions of
    /// one-byte dimensions costs no memory. 16 is twice what any known operator takes, and the format's default limit.
    static let maximumRank = 16
    /// Fewest payload bytes of a coded tensor: below four floats an entry in the tensor table costs more than it saves.
    static let minimumCodedByteCount = 16

    /// The first `maximumRank` dimensions as written, also negative ones.
    private(set) var dimensions: [Int64] = []
    private(set) var rank = 0
    private(set) var dataType = DataType(number: 0)
    /// Place of the name in the file; empty if there is none.
    private(set) var name = 0..<0
    private(set) var storage = ONNXSummary.Storage.none
    /// Bytes of all data fields.
    private(set) var byteCount = 0
    /// Place of the last data field that is not empty.
    private(set) var payload = 0..<0
    /// A field of which there may be only one is there twice, has the wrong wire type, or a list is not packed; or the data lies
    /// elsewhere (`segment`, `data_location`, `external_data`). Such a tensor has a meaning, but not one that a single hole can hold.
    private(set) var isIrregular = false

    /// - Parameter range: place of the message in `bytes`.
    init(_ bytes: ByteView, _ range: Range<Int>) throws(TamisError) {
        var seen: UInt32 = 0
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            switch field.number {
            case ONNXField.Tensor.dims: try addDimensions(field, bytes)
            case ONNXField.Tensor.dataType:
                note(field, .varint, &seen)
                dataType = DataType(number: field.integer)
            case ONNXField.Tensor.name:
                note(field, .lengthDelimited, &seen)
                if field.kind == .lengthDelimited { name = field.value }
            case ONNXField.Tensor.docString: note(field, .lengthDelimited, &seen)
            case ONNXField.Tensor.segment: isIrregular = true
            case ONNXField.Tensor.externalData:
                isIrregular = true
                storage = .external
            case ONNXField.Tensor.dataLocation:
                note(field, .varint, &seen)
                if field.integer != 0 {
                    isIrregular = true
                    storage = .external
                }
            case ONNXField.Tensor.rawData: addData(field, .rawData, &seen)
            case ONNXField.Tensor.floatData: addData(field, .floatData, &seen)
            case ONNXField.Tensor.int32Data: addData(field, .int32Data, &seen)
            case ONNXField.Tensor.int64Data: addData(field, .int64Data, &seen)
            case ONNXField.Tensor.uint64Data: addData(field, .uint64Data, &seen)
            case ONNXField.Tensor.doubleData: addData(field, .doubleData, &seen)
            case ONNXField.Tensor.stringData: addData(field, .stringData, &seen)
            default: break
            }
        }
    }

    /// Elements that the dimensions say, if the type is a floating-point one and the tensor has data; 0 if they make no sense, or if
    /// the data are not as many. Data in another file are taken to be.
    var floatElementCount: UInt64 {
        guard dataType.isFloatingPoint, storage != .none, rank <= Self.maximumRank, dimensions.allSatisfy({ $0 >= 0 }) else { return 0 }
        guard let count = Shape(dimensions.map { UInt64($0) })?.elementCount, holds(count) else { return 0 }
        return count
    }

    /// Whether `count` elements of this floating-point type can lie in the data fields.
    private func holds(_ count: UInt64) -> Bool {
        let bytes = UInt64(byteCount)
        let width = dataType.floatByteCount
        switch storage {
        case .external: return true
        case .rawData where width > 0: return bytes / width == count && bytes % width == 0
        case .floatData: return bytes / 4 == count && bytes % 4 == 0
        case .doubleData: return bytes / 8 == count && bytes % 8 == 0
        // An integer of one byte or more holds an element, or two of the types below a byte; raw bytes of these are packed.
        default: return count <= (width > 0 ? bytes : 2 * bytes)
        }
    }

    /// What the hole of this tensor would be, or nil if the tensor has to stay in the skeleton.
    var coded: CodedPayload? {
        guard !isIrregular, let elementType = Self.elementType(dataType, storage), rank <= Self.maximumRank else { return nil }
        guard byteCount >= Self.minimumCodedByteCount, payload.count == byteCount else { return nil }
        var unsigned: [UInt64] = []
        unsigned.reserveCapacity(rank)
        for dimension in dimensions {
            guard dimension >= 0 else { return nil }
            unsigned.append(UInt64(dimension))
        }
        guard let shape = Shape(unsigned), shape.elementCount > 0 else { return nil }
        guard TensorDescription(name: "", elementType: elementType, shape: shape).byteCount == UInt64(byteCount) else { return nil }
        return CodedPayload(elementType: elementType, shape: shape, range: payload)
    }

    /// The element type of the stored bytes where they are the elements themselves, little-endian, and the encoder takes them.
    private static func elementType(_ dataType: DataType, _ storage: ONNXSummary.Storage) -> ElementType? {
        guard dataType.number <= UInt64(UInt8.max), let type = ElementType(rawValue: UInt8(dataType.number)) else { return nil }
        switch storage {
        case .rawData: return type
        case .floatData: return type == .float32 || type == .complex64 ? type : nil
        case .doubleData: return type == .float64 || type == .complex128 ? type : nil
        default: return nil
        }
    }

    private mutating func addDimensions(_ field: WireField, _ bytes: ByteView) throws(TamisError) {
        switch field.kind {
        case .varint: addDimension(field.integer)
        case .lengthDelimited:
            var reader = WireReader(bytes, field.value)
            while !reader.isAtEnd { addDimension(try reader.varint()) }
        default: isIrregular = true
        }
    }

    private mutating func addDimension(_ value: UInt64) {
        rank += 1
        if dimensions.count < Self.maximumRank { dimensions.append(Int64(bitPattern: value)) }
    }

    private mutating func addData(_ field: WireField, _ kind: ONNXSummary.Storage, _ seen: inout UInt32) {
        note(field, .lengthDelimited, &seen)
        if field.value.isEmpty { return }
        byteCount += field.value.count
        payload = field.value
        switch storage {
        case .none: storage = kind
        case kind, .external: break
        default: storage = .several
        }
    }

    /// Marks the tensor irregular if `field` is not of the kind it should be or was seen before.
    private mutating func note(_ field: WireField, _ kind: WireField.Kind, _ seen: inout UInt32) {
        let bit: UInt32 = 1 << field.number
        if field.kind != kind || seen & bit != 0 { isIrregular = true }
        seen |= bit
    }
}
