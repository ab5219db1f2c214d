import TamisBits
import TamisDecoder
import TamisModel
import TamisQuantization
import TamisSyntax
import TamisZstd

/// Every element of a stream in stream order, up to the first that cannot be read, or to what a violation blames.
///
/// Elements of the topology's body, which is compressed, come behind its frame; their offsets count from the start of the body.
package struct StreamTrace: Sendable {
    package struct Entry: Sendable, Equatable {
        /// Number of the unit; nil outside of units.
        package let unit: Int?
        /// Of the Spec's tables; what is no part of a table (frames, codewords …) belongs to the structure before it.
        package let structure: String
        package let element: String
        /// As in the Spec; `opaque` for runs of bytes that are no element of a table.
        package let descriptor: String
        package let offset: UInt64
        package let byteCount: UInt64
        /// Numbers in decimal, text as it is; empty for bytes, and for what cannot be read.
        package let value: String
        /// The bytes, at most `headBytes` of those that are opaque.
        package let bytes: [UInt8]
        /// Whether `offset` counts from the start of the topology's body.
        package let isInBody: Bool

        package static let headBytes = 12

        package var isOpaque: Bool { descriptor == "opaque" }
    }

    package private(set) var entries: [Entry] = []
    private let bytes: ByteView
    private var unit: Int?
    private var sliceElements: UInt64?
    private var tensors: [TensorEntry] = []

    /// - Parameters:
    ///   - bytes: of the stream.
    ///   - violation: what is wrong with it, if that is known; the trace ends with the element that it blames.
    package init(_ bytes: ByteView, until violation: Violation? = nil) {
        self.bytes = bytes
        readAll(until: violation)
        if let violation, let last = lastEntry(blamedBy: violation) { entries.removeSubrange((last + 1)...) }
    }

    private mutating func readAll(until violation: Violation?) {
        let signature = Syntax.signature
        let found = bytes[0..<min(signature.count, bytes.count)]
        note("stream", "signature", found, at: 0)
        guard found.array == signature else { return }
        var offset = UInt64(signature.count)
        var number = 0
        while offset < UInt64(bytes.count) {
            unit = number
            let isLast = violation?.refusal.unit == number
            guard let unit = readUnit(at: offset, isDamaged: isLast && violation?.refusal.code == TamisError.Code.payloadChecksum.rawValue) else { return }
            offset += unit.byteCount
            number += 1
            if isLast { return }
            if unit.type == .end { break }
        }
        unit = nil
        if offset < UInt64(bytes.count) { note("stream", "trailing_bytes", bytes[Int(offset)..<bytes.count], at: offset) }
    }

    // MARK: Units

    /// - Returns: nil if the trace cannot go on behind it.
    private mutating func readUnit(at offset: UInt64, isDamaged: Bool) -> StreamUnit? {
        let end = min(Int(offset) + UnitHeader.byteCount, bytes.count)
        var header = UnitHeader()
        do throws(TamisError) {
            try trace(bytes[Int(offset)..<end], base: offset) { (tracer) throws(TamisError) in try header.visit(&tracer) }
            let unit = try StreamUnit(bytes, at: offset, number: self.unit ?? 0)
            var isWhole = true
            do throws(TamisError) {
                if !isDamaged { try readPayload(of: unit) }
            } catch {
                isWhole = false
            }
            if isWhole || isDamaged {
                let place = unit.payloadOffset + UInt64(unit.payload.count)
                note("unit", "payload_crc", bytes[Int(place)..<Int(place) + UnitHeader.payloadCRCByteCount], at: place)
            }
            return isWhole ? unit : nil
        } catch {
            return nil
        }
    }

    private mutating func readPayload(of unit: StreamUnit) throws(TamisError) {
        switch unit.type {
        case .start: try readAll(StartUnit.self, unit)
        case .modelParameterSet: sliceElements = 1 << UInt64(try readAll(ModelParameterSet.self, unit).sliceElementsLog2)
        case .topology: try readTopology(unit)
        case .skeleton:
            try trace(unit) { (tracer) throws(TamisError) in
                var header = SkeletonUnit()
                try header.visit(&tracer)
                return [Part("skeleton_unit", "frame")]
            }
        case .data: try readData(unit)
        case .group: try readGroup(unit)
        case .index: try readAll(IndexUnit.self, unit)
        case .end: try readAll(EndUnit.self, unit)
        case nil: note("ancillary_unit", "payload", unit.payload, at: unit.payloadOffset)
        }
    }

    @discardableResult
    private mutating func readAll<S: SyntaxStructure>(_ type: S.Type, _ unit: StreamUnit) throws(TamisError) -> S {
        var structure = S()
        try trace(unit) { (tracer) throws(TamisError) in
            try structure.visit(&tracer)
            return []
        }
        return structure
    }

    private mutating func readTopology(_ unit: StreamUnit) throws(TamisError) {
        var header = TopologyUnit()
        try trace(unit) { (tracer) throws(TamisError) in
            try header.visit(&tracer)
            return [Part("topology_unit", "frame")]
        }
        guard let frame = entries.last, frame.isOpaque, let most = Level.all.map(\.topologyBytes).max(), header.bodyBytes <= most else {
            throw Self.stop("body_bytes")
        }
        let view = bytes[Int(frame.offset)..<Int(frame.offset + frame.byteCount)]
        try Topology.checkExpansion(header.bodyBytes, frame: view, "body_bytes")
        var content = [UInt8](repeating: 0, count: Int(header.bodyBytes))
        try content.withRegion { (region) throws(TamisError) in try Zstandard.decompress(view, into: region) }
        var body = TopologyBody()
        try ByteView.of(content) { (view) throws(TamisError) in
            try trace(view, base: 0, isInBody: true) { (tracer) throws(TamisError) in try body.visit(&tracer) }
        }
        tensors = body.tensors
    }

    private mutating func readData(_ unit: StreamUnit) throws(TamisError) {
        let (tensors, sliceElements) = (tensors, sliceElements)
        try trace(unit) { (tracer) throws(TamisError) in
            var header = DataUnit()
            try header.visit(&tracer)
            guard let mode = CodingMode(rawValue: header.codingMode), mode != .raw else { return [Part("data_unit", "frame")] }
            guard header.tensorIndex < UInt64(tensors.count), let sliceElements else { throw Self.stop("tensor_index") }
            var shape = Shape(tensors[Int(header.tensorIndex)].dimensions)
            if mode == .index, header.indexCoding.quantizerKind == QuantizerKind.integer.rawValue {
                shape = shape.flatMap { IntegerFields.shape($0, fieldsLog2: Int(header.indexCoding.integerCoding.fieldsLog2)) }
            }
            guard let count = shape?.elementCount, count > 0 else { throw Self.stop("coding_mode") }
            var slices: [SliceEntry] = []
            try tracer.items("codeword_bytes", &slices, count: (count - 1) / sliceElements + 1, minimumItemBytes: 2)
            var parts: [Part] = []
            if mode == .index {
                if header.indexCoding.lineClassBytes > 0 { parts.append(Part("index_coding", "line_classes", header.indexCoding.lineClassBytes)) }
            } else {
                let coding = header.floatCoding
                if coding.lineClassBytes > 0 { parts.append(Part("float_coding", "line_classes", coding.lineClassBytes)) }
                if coding.shortRowBytes > 0 { parts.append(Part("float_coding", "short_rows", coding.shortRowBytes)) }
                parts.append(Part("float_coding", "frequencies", coding.frequencyBytes))
            }
            for slice in slices { parts += [Part("slice_entry", "codeword", slice.codewordBytes), Part("slice_entry", "raw_bits", slice.rawBytes)] }
            return parts
        }
    }

    private mutating func readGroup(_ unit: StreamUnit) throws(TamisError) {
        try trace(unit) { (tracer) throws(TamisError) in
            var header = GroupUnit()
            try header.visit(&tracer)
            return [
                Part("group_unit", "frame", header.rawFrameBytes), Part("group_unit", "codeword", header.codewordBytes),
                Part("group_unit", "raw_bits", header.rawBytes),
            ]
        }
    }

    /// Ends the trace: the rest cannot be understood. Nobody sees the error.
    private static func stop(_ element: StaticString) -> TamisError { TamisError(.valueOutOfRange, "", element: "\(element)") }

    // MARK: Elements

    /// A run of bytes that is no element of a table.
    private struct Part {
        let structure: String
        let name: String
        /// nil: all that is left.
        let byteCount: UInt64?

        init(_ structure: String, _ name: String, _ byteCount: UInt64? = nil) {
            self.structure = structure
            self.name = name
            self.byteCount = byteCount
        }
    }

    /// Notes the elements that `body` reads from a unit's payload, then the parts that it returns, and what is left.
    private mutating func trace(_ unit: StreamUnit, _ body: (inout SyntaxTracer) throws(TamisError) -> [Part]) throws(TamisError) {
        var parts: [Part] = []
        var position = 0
        try trace(unit.payload, base: unit.payloadOffset) { (tracer) throws(TamisError) in
            parts = try body(&tracer)
            position = tracer.reader.reader.position
        }
        var reader = ByteReader(unit.payload[position..<unit.payload.count], base: unit.payloadOffset + UInt64(position))
        for part in parts where part.byteCount != 0 {
            let (offset, left) = (reader.fileOffset, UInt64(reader.remaining))
            note(part.structure, part.name, try reader.bytes(min(part.byteCount ?? left, left), "codeword_bytes"), at: offset)
            if let count = part.byteCount, count > left { throw Self.stop("codeword_bytes") }
        }
        if reader.remaining > 0 {
            let offset = reader.fileOffset
            note(unit.type?.name ?? "", "trailing_bytes", try reader.bytes(UInt64(reader.remaining), "codeword_bytes"), at: offset)
        }
    }

    /// Notes the elements that `body` reads from `view`, also if it fails.
    private mutating func trace(
        _ view: ByteView, base: UInt64, isInBody: Bool = false, _ body: (inout SyntaxTracer) throws(TamisError) -> Void
    ) throws(TamisError) {
        var tracer = SyntaxTracer(view, base: base)
        var failure: TamisError?
        do throws(TamisError) { try body(&tracer) } catch { failure = error }
        for step in tracer.steps {
            let place = Int(step.offset - base)
            entries.append(
                Entry(
                    unit: unit, structure: step.structure, element: step.element, descriptor: step.descriptor, offset: step.offset,
                    byteCount: step.byteCount, value: step.descriptor == "bytes" ? "" : step.value, bytes: view[place..<place + Int(step.byteCount)].array,
                    isInBody: isInBody))
        }
        if let failure { throw failure }
    }

    private mutating func note(_ structure: String, _ element: String, _ view: ByteView, at offset: UInt64) {
        entries.append(
            Entry(
                unit: unit, structure: structure, element: element, descriptor: "opaque", offset: offset, byteCount: UInt64(view.count), value: "",
                bytes: view[0..<min(view.count, Entry.headBytes)].array, isInBody: false))
    }
}
