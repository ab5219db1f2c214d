import TamisArithmetic
import TamisBits
import TamisModel
import TamisQuantization
import TamisSyntax

/// A data unit, taken apart and checked as far as that goes without decoding its elements (Spec §4.5).
package struct CodedTensor: Sendable {
    package enum Content: Sendable {
        /// A zstd frame of the tensor's bytes.
        case raw(frame: ByteView)
        case index(IndexContent)
        case float(FloatContent)
    }

    package struct IndexContent: Sendable {
        package let elementType: ElementType
        package let coding: IndexCoding
        /// nil unless the elements are integers as they are.
        package let integers: IntegerFields?
        package let view: MatrixView
        package let lineClasses: ByteView
        package let slices: [Slice]
    }

    package struct Slice: Sendable {
        package let codeword: ByteView
        package let rawBits: ByteView
        /// Where the file has the lengths of both.
        let entryOffset: UInt64
    }

    package let tensor: Int
    package let description: TensorDescription
    package let digest: UInt64
    package let weightError: Float
    package let content: Content

    package init(_ unit: StreamUnit, of stream: EncodedStream) throws(TamisError) { try self.init(unit, in: stream.codingScope) }

    init(_ unit: StreamUnit, in scope: CodingScope) throws(TamisError) {
        let (header, rest) = try unit.structure(DataUnit.self)
        self = try unit.naming { () throws(TamisError) in try CodedTensor(header, rest, unit, scope) }
    }

    private init(_ header: DataUnit, _ rest: ByteView, _ unit: StreamUnit, _ scope: CodingScope) throws(TamisError) {
        tensor = try scope.tensorIndex(header.tensorIndex, in: unit, "tensor_index", number: 0)
        let description = scope.topology.tensors[tensor]
        self.description = description
        digest = header.tensorDigest
        weightError = header.weightError
        let base = unit.payloadOffset + UInt64(unit.payload.count - rest.count)
        switch CodingMode(rawValue: header.codingMode) {
        case .index: content = .index(try IndexContent(header.indexCoding, description, SyntaxReader(rest, base: base), scope))
        case .float: content = .float(try FloatContent(header.floatCoding, description, SyntaxReader(rest, base: base), scope))
        case .raw, nil:
            try Topology.checkExpansion(description.byteCount ?? .max, frame: rest, "coding_mode")
            content = .raw(frame: rest)
        }
    }
}

extension CodedTensor.IndexContent {
    /// - Parameter reader: at the table of the slices.
    fileprivate init(_ coding: IndexCoding, _ description: TensorDescription, _ reader: SyntaxReader, _ scope: CodingScope) throws(TamisError) {
        let integers = try description.integerFields(coding)
        if integers == nil && !description.isQuantizable { throw description.notCodable("coding_mode") }
        let fieldsLog2 = integers == nil ? 0 : Int(coding.integerCoding.fieldsLog2)
        guard let order = MatrixView.CodingOrder(rawValue: coding.codingOrder),
            let shape = IntegerFields.shape(description.shape, fieldsLog2: fieldsLog2),
            let view = MatrixView(shape, rowAxis: Int(coding.rowAxis), rowAxisCount: Int(coding.rowAxisCount), order: order)
        else {
            throw TamisError(
                .valueOutOfRange, "row axes \(coding.rowAxis) … +\(coding.rowAxisCount) are not axes of \(description.shape)", element: "row_axis")
        }
        if coding.rowStepExponent > 0 && !coding.tools.contains(.rowClasses) {
            throw TamisError(.valueOutOfRange, "the step follows row classes that are not sent", element: "row_step_exponent")
        }
        if coding.rowStepExponent > 0 && !coding.kind.hasGrid {
            throw TamisError(.valueOutOfRange, "the step of a row follows its class, but the quantizer has no step", element: "row_step_exponent")
        }
        if let integers, integers.bitCount < 8 && order != .cOrder {
            throw TamisError(.valueOutOfRange, "fields of \(integers.bitCount) bits are coded in the order of the rows", element: "coding_order")
        }
        // A companded table is checked by making it; it is made again where it is used, so that only tables in use take memory.
        if !coding.kind.hasGrid && integers == nil && coding.reconstructionTable == nil {
            throw TamisError(
                .valueOutOfRange, "\(coding.companding.levels) levels reach values above 2^120", element: "companding_levels")
        }

        var reader = reader
        let entries = try reader.sliceTable(view.elementCount, scope)
        if coding.lineClassBytes > 0 {
            try view.requireLines(
                rows: coding.tools.contains(.rowClasses), columns: coding.tools.contains(.columnClasses), codewordBytes: coding.lineClassBytes)
        }
        lineClasses = try reader.reader.bytes(coding.lineClassBytes, "line_class_bytes")
        slices = try reader.slices(entries)
        elementType = description.elementType
        self.coding = coding
        self.integers = integers
        self.view = view
    }
}

extension MatrixView {
    /// Elements of a line that may have a class (Spec §4.5): shorter lines cannot pay for it, and would cost a decoder memory.
    private static let shortestLine = 8

    /// Refuses classes of lines that are too short, or of more lines than the codeword can hold.
    func requireLines(rows hasRows: Bool, columns hasColumns: Bool, codewordBytes: UInt64, _ element: StaticString = "line_class_bytes") throws(TamisError) {
        if (hasRows && columns < Self.shortestLine) || (hasColumns && rows < Self.shortestLine) {
            throw TamisError(
                .valueOutOfRange, "lines of \(rows) rows and \(columns) columns, expected lines of \(Self.shortestLine) elements or more",
                element: "coding_tools")
        }
        try IndexBinarization.requireRoom(for: UInt64((hasRows ? rows : 0) + (hasColumns ? columns : 0)), codewordBytes: codewordBytes, element)
    }
}

/// The lengths of a tensor's slices.
struct SliceTable {
    /// Place of the first entry in the file.
    let offset: UInt64
    var entries: [SliceEntry] = []

    init(offset: UInt64) { self.offset = offset }
}

extension SliceEntry {
    /// In the table.
    fileprivate var byteCount: UInt64 { Self.byteCount(codewordBytes) + Self.byteCount(rawBytes) }

    /// Of an unsigned LEB128 integer.
    private static func byteCount(_ value: UInt64) -> UInt64 { UInt64(max(1, (70 - value.leadingZeroBitCount) / 7)) }
}

extension SyntaxReader {
    /// The table of the slices of so many elements.
    mutating func sliceTable(_ elementCount: Int, _ scope: CodingScope) throws(TamisError) -> SliceTable {
        let sliceCount = (elementCount - 1) / scope.sliceElements + 1
        var table = SliceTable(offset: reader.fileOffset)
        try items("codeword_bytes", &table.entries, count: UInt64(sliceCount), minimumItemBytes: 2)
        var left = elementCount
        var offset = table.offset
        for entry in table.entries {
            let elements = min(left, scope.sliceElements)
            try IndexBinarization.requireRoom(for: UInt64(elements), codewordBytes: entry.codewordBytes, "codeword_bytes", at: offset)
            left -= elements
            offset += entry.byteCount
        }
        return table
    }

    /// The slices, which are all that is left.
    mutating func slices(_ table: SliceTable) throws(TamisError) -> [CodedTensor.Slice] {
        var slices: [CodedTensor.Slice] = []
        slices.reserveCapacity(table.entries.count)
        var offset = table.offset
        for entry in table.entries {
            let codeword = try reader.bytes(entry.codewordBytes, "codeword_bytes")
            slices.append(CodedTensor.Slice(codeword: codeword, rawBits: try reader.bytes(entry.rawBytes, "raw_bytes"), entryOffset: offset))
            offset += entry.byteCount
        }
        try finish("raw_bytes")
        return slices
    }
}

extension TensorDescription {
    /// Quantized are float32, float16 and bfloat16 tensors that are not empty.
    var isQuantizable: Bool { [.float32, .float16, .bfloat16].contains(elementType) && shape.elementCount > 0 }

    /// The integers of the tensor, if it is coded as such; nil if it is quantized.
    func integerFields(_ coding: IndexCoding) throws(TamisError) -> IntegerFields? {
        guard coding.kind == .integer else { return nil }
        let fieldsLog2 = Int(coding.integerCoding.fieldsLog2)
        if shape.elementCount == 0 || IntegerFields(elementType, fieldsLog2: 0, offset: coding.integerCoding.offset) == nil { throw notCodable("quantizer_kind") }
        guard fieldsLog2 == 0 || shape.rank > 0, let fields = IntegerFields(elementType, fieldsLog2: fieldsLog2, offset: coding.integerCoding.offset)
        else { throw notCodable("fields_log2") }
        return fields
    }

    /// - Parameter offset: of the element; nil if there is only one of its name in the unit.
    func notCodable(_ element: StaticString, at offset: UInt64? = nil) -> TamisError {
        TamisError(
            .valueOutOfRange, "'\(name)' has \(shape.elementCount) elements of type \(elementType.name), which such indices cannot code",
            element: "\(element)", byteOffset: offset)
    }
}

extension IndexBinarization {
    /// Refuses more elements than the probability floor lets a codeword of so many bytes hold (Spec §9.3).
    ///
    /// - Parameter offset: of the element; nil if there is only one of its name in the unit.
    static func requireRoom(for elements: UInt64, codewordBytes: UInt64, _ element: StaticString, at offset: UInt64? = nil) throws(TamisError) {
        let most = maximumElements(codewordBytes: codewordBytes)
        if elements > most {
            throw TamisError(
                .expansionRatio, "a codeword of \(codewordBytes) bytes cannot hold \(elements) elements, at most \(most)", element: "\(element)",
                byteOffset: offset)
        }
    }
}
