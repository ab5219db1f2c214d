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
    }

    /// Elements of a line that may have a class (Spec §4.5): shorter lines cannot pay for it, and would cost a decoder memory.
    package static let shortestLine = 8

    package let tensor: Int
    package let description: TensorDescription
    package let digest: UInt64
    package let content: Content

    package init(_ unit: StreamUnit, of stream: EncodedStream) throws(TamisError) {
        let (header, rest) = try unit.structure(DataUnit.self)
        self = try unit.naming { () throws(TamisError) in try CodedTensor(header, rest, unit, stream) }
    }

    private init(_ header: DataUnit, _ rest: ByteView, _ unit: StreamUnit, _ stream: EncodedStream) throws(TamisError) {
        tensor = try stream.tensorIndex(header.tensorIndex, in: unit, "tensor_index")
        let description = stream.topology.tensors[tensor]
        self.description = description
        digest = header.tensorDigest
        guard header.codingMode == CodingMode.index.rawValue else {
            try Topology.checkExpansion(description.byteCount ?? .max, frame: rest, "coding_mode")
            content = .raw(frame: rest)
            return
        }
        let coding = header.indexCoding
        let integers = try description.integerFields(coding)
        if integers == nil { try description.requireQuantizable("coding_mode") }
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

        var reader = SyntaxReader(rest, base: unit.payloadOffset + UInt64(unit.payload.count - rest.count))
        let sliceCount = (view.elementCount - 1) / stream.sliceElements + 1
        var entries: [SliceEntry] = []
        try reader.items("codeword_bytes", &entries, count: UInt64(sliceCount), minimumItemBytes: 2)
        var left = view.elementCount
        for entry in entries {
            let elements = min(left, stream.sliceElements)
            try IndexBinarization.requireRoom(for: UInt64(elements), codewordBytes: entry.codewordBytes, "codeword_bytes")
            left -= elements
        }
        if coding.lineClassBytes > 0 {
            let hasRows = coding.tools.contains(.rowClasses)
            let hasColumns = coding.tools.contains(.columnClasses)
            if (hasRows && view.columns < Self.shortestLine) || (hasColumns && view.rows < Self.shortestLine) {
                throw TamisError(
                    .valueOutOfRange, "classes of \(view.rows) rows and \(view.columns) columns, expected lines of \(Self.shortestLine) elements or more",
                    element: "coding_tools")
            }
            let lines = (coding.tools.contains(.rowClasses) ? view.rows : 0) + (coding.tools.contains(.columnClasses) ? view.columns : 0)
            try IndexBinarization.requireRoom(for: UInt64(lines), codewordBytes: coding.lineClassBytes, "line_class_bytes")
        }
        let lineClasses = try reader.reader.bytes(coding.lineClassBytes, "line_class_bytes")
        var slices: [Slice] = []
        slices.reserveCapacity(sliceCount)
        for entry in entries {
            let codeword = try reader.reader.bytes(entry.codewordBytes, "codeword_bytes")
            slices.append(Slice(codeword: codeword, rawBits: try reader.reader.bytes(entry.rawBytes, "raw_bytes")))
        }
        try reader.finish("raw_bytes")
        content = .index(
            IndexContent(
                elementType: description.elementType, coding: coding, integers: integers, view: view, lineClasses: lineClasses, slices: slices))
    }
}

extension TensorDescription {
    /// Quantized are float32, float16 and bfloat16 tensors that are not empty.
    func requireQuantizable(_ element: StaticString) throws(TamisError) {
        if ![.float32, .float16, .bfloat16].contains(elementType) || shape.elementCount == 0 { throw notCodable(element) }
    }

    /// The integers of the tensor, if it is coded as such; nil if it is quantized.
    func integerFields(_ coding: IndexCoding) throws(TamisError) -> IntegerFields? {
        guard coding.kind == .integer else { return nil }
        let fieldsLog2 = Int(coding.integerCoding.fieldsLog2)
        guard shape.elementCount > 0, fieldsLog2 == 0 || shape.rank > 0,
            let fields = IntegerFields(elementType, fieldsLog2: fieldsLog2, offset: coding.integerCoding.offset)
        else { throw notCodable("quantizer_kind") }
        return fields
    }

    private func notCodable(_ element: StaticString) -> TamisError {
        TamisError(
            .valueOutOfRange, "'\(name)' has \(shape.elementCount) elements of type \(elementType.name), which such indices cannot code",
            element: "\(element)")
    }
}

extension IndexBinarization {
    /// Refuses more elements than the probability floor lets a codeword of so many bytes hold (Spec §9.3).
    static func requireRoom(for elements: UInt64, codewordBytes: UInt64, _ element: StaticString) throws(TamisError) {
        let most = maximumElements(codewordBytes: codewordBytes)
        if elements > most {
            throw TamisError(
                .expansionRatio, "a codeword of \(codewordBytes) bytes cannot hold \(elements) elements, at most \(most)", element: "\(element)")
        }
    }
}

extension EncodedStream {
    /// No list of tensors is longer than the topology's.
    var tensorBounds: CountBounds {
        var bounds = CountBounds()
        bounds.tensors = .init(level: UInt64(topology.tensors.count))
        return bounds
    }

    /// The tensor a coded unit names, provided the index places it in that unit.
    func tensorIndex(_ value: UInt64, in unit: StreamUnit, _ element: StaticString) throws(TamisError) -> Int {
        if value >= UInt64(topology.tensors.count) {
            throw TamisError(.valueOutOfRange, "the tensor has number \(value), there are \(topology.tensors.count)", element: "\(element)")
        }
        let place = index.tensorUnits[Int(value)].unitNumber
        if place != UInt64(unit.number) {
            throw TamisError(
                .duplicate, "the unit holds '\(topology.tensors[Int(value)].name)', which the index places in unit \(place)", element: "\(element)")
        }
        return Int(value)
    }
}
