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
    /// Why its data may be something else than one run of bytes in this file.
    private(set) var irregularities: Irregularities = []
    /// `data_location` is EXTERNAL: readers take the data from the file that `external_data` names.
    private(set) var isExternal = false

    /// What keeps the data of a tensor from being a single hole in the model's file. Such a tensor has a meaning all the same.
    struct Irregularities: OptionSet, Sendable {
        let rawValue: UInt8

        /// A field of which there may be only one is there twice, or a field has the wrong wire type; or `segment` is there.
        static let fields = Irregularities(rawValue: 1)
        /// A list is there in several parts, or is not packed.
        static let lists = Irregularities(rawValue: 2)
        /// `data_location` or `external_data` say that the data lie in another file.
        static let elsewhere = Irregularities(rawValue: 4)
    }

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
            case ONNXField.Tensor.segment: irregularities.insert(.fields)
            case ONNXField.Tensor.externalData:
                irregularities.insert(.elsewhere)
                if field.kind != .lengthDelimited { irregularities.insert(.fields) }
                storage = .external
            case ONNXField.Tensor.dataLocation:
                note(field, .varint, &seen)
                isExternal = field.kind == .varint && field.integer == ONNXField.DataLocation.external
                if field.integer != ONNXField.DataLocation.inline {
                    irregularities.insert(.elsewhere)
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

    /// What the dimensions say; nil if they make no sense, are too many, or leave no element.
    var shape: Shape? {
        guard rank <= Self.maximumRank else { return nil }
        var unsigned: [UInt64] = []
        unsigned.reserveCapacity(rank)
        for dimension in dimensions {
            guard dimension >= 0 else { return nil }
            unsigned.append(UInt64(dimension))
        }
        guard let shape = Shape(unsigned), shape.elementCount > 0 else { return nil }
        return shape
    }

    /// The type of the elements, where it is one that the format knows.
    var elementType: ElementType? {
        dataType.number <= UInt64(UInt8.max) ? ElementType(rawValue: UInt8(dataType.number)) : nil
    }

    /// Bytes of all elements as `raw_data` and side files have them; nil if type or dimensions do not say how many.
    var elementByteCount: UInt64? {
        guard let elementType, let shape else { return nil }
        return TensorDescription(name: "", elementType: elementType, shape: shape).byteCount
    }

    /// The bytes of this file that are exactly the elements, little-endian, or nil if there is no such place.
    var inlined: CodedPayload? {
        guard irregularities.isEmpty, storesElements, payload.count == byteCount, elementByteCount == UInt64(byteCount) else { return nil }
        guard let elementType, let shape else { return nil }
        return CodedPayload(
            elementType: elementType, shape: shape, file: 0, range: UInt64(payload.lowerBound)..<UInt64(payload.upperBound))
    }

    /// What the hole of this tensor would be, or nil if the tensor has to stay in the skeleton.
    var coded: CodedPayload? { byteCount >= Self.minimumCodedByteCount ? inlined : nil }

    /// Whether all readers take the data from another file: nothing is here, and no field is doubtful.
    var isPurelyExternal: Bool { isExternal && irregularities == .elsewhere && byteCount == 0 }

    /// Whether the stored bytes are the elements themselves, if there is one run of them.
    private var storesElements: Bool {
        switch storage {
        case .rawData: true
        case .floatData: elementType == .float32 || elementType == .complex64
        case .doubleData: elementType == .float64 || elementType == .complex128
        default: false
        }
    }

    private mutating func addDimensions(_ field: WireField, _ bytes: ByteView) throws(TamisError) {
        switch field.kind {
        case .varint: addDimension(field.integer)
        case .lengthDelimited:
            var reader = WireReader(bytes, field.value)
            while !reader.isAtEnd { addDimension(try reader.varint()) }
        default: irregularities.insert(.fields)
        }
    }

    private mutating func addDimension(_ value: UInt64) {
        rank += 1
        if dimensions.count < Self.maximumRank { dimensions.append(Int64(bitPattern: value)) }
    }

    private mutating func addData(_ field: WireField, _ kind: ONNXSummary.Storage, _ seen: inout UInt32) {
        if kind == .rawData {
            note(field, .lengthDelimited, &seen)
        } else {
            // A list may be in parts, packed or not, which make no single run.
            if field.kind != .lengthDelimited && field.kind != Self.unpackedKind(kind) { irregularities.insert(.fields) }
            if field.kind != .lengthDelimited || !Self.isFirst(field, &seen) { irregularities.insert(.lists) }
        }
        if field.value.isEmpty { return }
        byteCount += field.value.count
        payload = field.value
        switch storage {
        case .none: storage = kind
        case kind, .external: break
        default: storage = .several
        }
    }

    /// The wire type of a single element of a list.
    private static func unpackedKind(_ storage: ONNXSummary.Storage) -> WireField.Kind {
        switch storage {
        case .floatData: .fixed32
        case .doubleData: .fixed64
        case .stringData: .lengthDelimited
        default: .varint
        }
    }

    /// Marks the tensor irregular if `field` is not of the kind it should be or was seen before.
    private mutating func note(_ field: WireField, _ kind: WireField.Kind, _ seen: inout UInt32) {
        if field.kind != kind || !Self.isFirst(field, &seen) { irregularities.insert(.fields) }
    }

    private static func isFirst(_ field: WireField, _ seen: inout UInt32) -> Bool {
        let bit: UInt32 = 1 << field.number
        defer { seen |= bit }
        return seen & bit == 0
    }
}
