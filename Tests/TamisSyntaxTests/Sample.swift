import TamisBits
import Testing

@testable import TamisModel
@testable import TamisSyntax

/// An instance of a structure, with what the tests do to it; the structure's type is hidden in the closures.
struct Sample: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    /// The trace of reading bytes as this structure, to their last byte.
    let trace: @Sendable ([UInt8]) throws -> [SyntaxTracer.Step]
    /// Reads bytes as this structure, to their last byte, and writes it again.
    let rewritten: @Sendable ([UInt8]) throws -> [UInt8]
    /// True if reading bytes as this structure gives this very instance.
    let isRead: @Sendable ([UInt8]) throws -> Bool
    let ranges: @Sendable () throws -> [RangeRecorder.Entry]
    let written: @Sendable (SubstitutingWriter) throws -> SubstitutingWriter

    init<S: SyntaxStructure & Equatable & Sendable>(_ name: String, _ structure: S) throws {
        testDescription = name
        bytes = try structure.encoded()
        trace = { bytes in
            try ByteView.of(bytes) { (view) throws(TamisError) in
                var tracer = SyntaxTracer(view, base: 0)
                var copy = S()
                try copy.visit(&tracer)
                try tracer.reader.finish("sample")
                return tracer.steps
            }
        }
        let read: @Sendable ([UInt8]) throws -> S = { bytes in
            try ByteView.of(bytes) { (view) throws(TamisError) in try S(decoding: view, base: 0, "sample") }
        }
        rewritten = { bytes in try read(bytes).encoded() }
        isRead = { bytes in try read(bytes) == structure }
        ranges = {
            var recorder = RangeRecorder()
            var copy = structure
            try copy.visit(&recorder)
            return recorder.entries
        }
        written = { writer in
            var writer = writer
            var copy = structure
            try copy.visit(&writer)
            return writer
        }
    }

    /// Every structure, with every optional part present in one sample and absent in another.
    static let all: [Sample] = {
        do { return try make() } catch { fatalError("\(error)") }
    }()

    private static func make() throws -> [Sample] {
        var samples: [Sample] = []
        samples.append(try Sample("unit_header", UnitHeader(type: 5, payloadLength: 1 << 33)))
        var start = StartUnit()
        samples.append(try Sample("start_unit", start))
        start.shardNumber = 300
        start.shardCount = 301
        samples.append(try Sample("start_unit, shard", start))

        var parameters = ModelParameterSet()
        samples.append(try Sample("model_parameter_set, empty", parameters))
        parameters.encoderName = "tamis 0.1"
        parameters.encoderOptions = "--step 0.01 --größe ½ 🧂"
        parameters.sourceFormat = "onnx"
        parameters.sources = [
            SourceFile(byteCount: 4_999_999_999, sha256: (0..<32).map { UInt8($0) }), SourceFile(byteCount: 0, sha256: Array(repeating: 255, count: 32)),
        ]
        samples.append(try Sample("model_parameter_set", parameters))

        var topologyUnit = TopologyUnit()
        topologyUnit.bodyBytes = 300
        samples.append(try Sample("topology_unit", topologyUnit))

        var topology = TopologyBody()
        samples.append(try Sample("topology_body, empty", topology))
        var file = FileEntry()
        file.name = "model.onnx"
        file.skeletonBytes = 12345
        topology.files = [file, file]
        guard let shape = Shape([64, 3, 3, 3]), let scalar = Shape([]), let empty = Shape([0, 70000]) else { throw TamisError(.invalidArgument, "shape") }
        topology.tensors = [
            TensorEntry(TensorDescription(name: "conv1.weight", elementType: .float32, shape: shape)),
            TensorEntry(TensorDescription(name: "ε", elementType: .int64, shape: scalar)),
            TensorEntry(TensorDescription(name: "none", elementType: .bfloat16, shape: empty)),
        ]
        for tensor: UInt64 in [0, 1, 2, 1] {
            var hole = HoleEntry()
            hole.fileIndex = tensor / 2
            hole.gapBytes = 200 * tensor
            hole.tensorIndex = tensor
            topology.holes.append(hole)
        }
        topology.aliases = [TensorAlias(name: "δ", tensor: 2), TensorAlias(name: "conv2.weight", tensor: 300)]
        samples.append(try Sample("topology_body", topology))

        var skeleton = SkeletonUnit()
        skeleton.fileIndex = 200
        samples.append(try Sample("skeleton_unit", skeleton))

        var data = DataUnit()
        data.tensorIndex = 130
        data.tensorDigest = 0x0123_4567_89AB_CDEF
        data.weightError = 0x1.2p-9
        samples.append(try Sample("data_unit, raw", data))
        data.codingMode = CodingMode.index.rawValue
        data.indexCoding.grid.step = 0x1.8p-7
        data.indexCoding.grid.reconstructionOffset = -77
        samples.append(try Sample("data_unit, index, no tools", data))
        for tools: UInt8 in 1...15 {
            data.indexCoding.tools = IndexCoding.Tools(rawValue: tools)
            data.indexCoding.signDistance1 = tools & 8 != 0 ? 300 : 1
            data.indexCoding.signDistance2 = tools & 8 != 0 ? 100_000 : 1
            data.indexCoding.lineClassBytes = tools & 3 != 0 ? 129 : 0
            samples.append(try Sample("data_unit, index, tools \(tools)", data))
        }
        data = DataUnit()
        data.codingMode = CodingMode.index.rawValue
        data.indexCoding.quantizerKind = QuantizerKind.trellis.rawValue
        data.indexCoding.trellisStatesLog2 = 6
        data.indexCoding.grid.step = 0x1p-100
        data.indexCoding.tools = [.rowClasses, .signContexts]
        data.indexCoding.rowStepExponent = 1
        data.indexCoding.lineClassBytes = 40
        samples.append(try Sample("data_unit, trellis", data))
        data.indexCoding = IndexCoding()
        data.indexCoding.quantizerKind = QuantizerKind.codebook.rawValue
        data.indexCoding.codebook.first = -3
        data.indexCoding.codebook.entries = [-0x1p120, -0.5, -0x1p-149, 0, 0.1, 7].map(CodebookEntry.init)
        samples.append(try Sample("data_unit, codebook", data))
        data.indexCoding = IndexCoding()
        data.indexCoding.quantizerKind = QuantizerKind.companded.rawValue
        data.indexCoding.companding.amplitude = 0.003
        data.indexCoding.companding.growth = 0.02
        data.indexCoding.companding.levels = 300
        samples.append(try Sample("data_unit, companded", data))
        data.indexCoding = IndexCoding()
        data.indexCoding.quantizerKind = QuantizerKind.minifloat.rawValue
        data.indexCoding.minifloat.exponentBits = 4
        data.indexCoding.minifloat.mantissaBits = 3
        data.indexCoding.minifloat.bias = -70
        data.indexCoding.minifloat.subnormals = 1
        data.indexCoding.minifloat.top = 128
        samples.append(try Sample("data_unit, minifloat", data))
        data.indexCoding = IndexCoding()
        data.indexCoding.quantizerKind = QuantizerKind.integer.rawValue
        data.indexCoding.integerCoding.offset = -77
        data.indexCoding.integerCoding.fieldsLog2 = 2
        samples.append(try Sample("data_unit, integer", data))
        data = DataUnit()
        data.codingMode = CodingMode.float.rawValue
        for tools: UInt8 in 0...7 {
            data.floatCoding.tools = FloatCoding.Tools(rawValue: tools)
            data.floatCoding.zeroBits = 3
            data.floatCoding.modelledBits = 4
            data.floatCoding.windowOrigin = 2000
            data.floatCoding.windowSymbols = 200
            data.floatCoding.lineClassBytes = tools & 3 != 0 ? 300 : 0
            data.floatCoding.shortZeroBits = tools & 4 != 0 ? 13 : 1
            data.floatCoding.shortRowBytes = tools & 4 != 0 ? 70 : 0
            data.floatCoding.frequencyBytes = 150
            samples.append(try Sample("data_unit, float, tools \(tools)", data))
        }
        samples.append(try Sample("slice_entry", SliceEntry(codewordBytes: 16384, rawBytes: 3)))

        var group = GroupUnit()
        group.groupDigest = .max - 1
        samples.append(try Sample("group_unit, empty", group))
        for mode: UInt8 in [0, 1, 0, 1] {
            var entry = GroupEntry()
            entry.tensorIndex = UInt64(group.entries.count) * 90
            entry.codingMode = mode
            if mode == 1 {
                entry.scaleClass = 11
                entry.grid.step = 0x1p80
                entry.grid.reconstructionOffset = 128
            }
            group.entries.append(entry)
        }
        group.rawFrameBytes = 999
        group.codewordBytes = 77
        group.rawBytes = 12
        samples.append(try Sample("group_unit", group))

        var index = IndexUnit()
        samples.append(try Sample("index_unit, empty", index))
        index.units = [IndexedUnit(unitType: 1, byteCount: 21), IndexedUnit(unitType: 0x81, byteCount: 1 << 40)]
        index.tensorUnits = [TensorPlace(), TensorPlace(), TensorPlace()]
        index.tensorUnits[1].unitNumber = 300
        index.files = [FileDigest()]
        samples.append(try Sample("index_unit", index))

        var end = EndUnit()
        end.totalBytes = 1 << 50
        end.indexOffset = 12
        end.unitHash = 0xFEDC_BA98_7654_3210
        samples.append(try Sample("end_unit", end))
        return samples
    }
}
