import TamisBits
import TamisModel
import TamisONNX
import TamisTestSupport

/// A tensor whose data lie in another file; what is nil is left out.
func external(
    _ name: String = "", dims: [Int64] = [8], type: Int64 = 1, location: String?, offset: String? = nil, length: String? = nil,
    more: (inout ProtobufWriter) -> Void = { _ in }
) -> [UInt8] {
    ONNX.tensor(name, dims: dims, type: type, .none) {
        for (key, value) in [("location", location), ("offset", offset), ("length", length)] {
            if let value { $0.message(13, entry(key, value)) }
        }
        $0.integer(14, 1)
        more(&$0)
    }
}

/// An entry of external_data.
func entry(_ key: String, _ value: String) -> [UInt8] {
    protobuf {
        $0.text(1, key)
        $0.text(2, value)
    }
}

/// A model that has `tensor` at one place, for each place that a tensor can live at.
func everyPlace(of tensor: [UInt8]) -> [(place: String, model: [UInt8])] {
    let constant = ONNX.node("Constant", outputs: ["c"], [ONNX.tensorAttribute("value", tensor)])
    let inner = ONNX.graph(initializers: [tensor])
    return [
        ("initializer", ONNX.model(inner)),
        ("sparse values", ONNX.model(ONNX.graph(sparse: [ONNX.sparse(tensor)]))),
        ("sparse indices", ONNX.model(ONNX.graph(sparse: [protobuf { $0.message(1, ONNX.weight("v")); $0.message(2, tensor) }]))),
        ("Constant", ONNX.model(ONNX.graph(nodes: [constant]))),
        ("list attribute", ONNX.model(ONNX.graph(nodes: [ONNX.node("L", [ONNX.attribute("ts", 10, type: 9, [tensor])])]))),
        ("subgraph", ONNX.model(ONNX.graph(nodes: [ONNX.node("If", [ONNX.graphAttribute("then_branch", inner)])]))),
        ("function", ONNX.model(ONNX.graph()) { $0.message(25, ONNX.function("d", "f", nodes: [constant])) }),
        ("training info", ONNX.model(ONNX.graph()) { $0.message(20, nested(inner, in: [1])) }),
    ]
}

func locations(_ file: [UInt8]) throws(TamisError) -> [String] {
    try ByteView.of(file) { bytes throws(TamisError) in try ONNXModel.externalLocations(bytes) }
}

func scan(_ file: [UInt8], sides: [(String, Int)]) throws(TamisError) -> SourceModel {
    let files = sides.map { ONNXModel.SideFile(location: $0.0, byteCount: UInt64($0.1)) }
    return try ByteView.of(file) { bytes throws(TamisError) in try ONNXModel.scan(bytes, fileName: "m.onnx", sideFiles: files) }
}

/// Plans, and puts the planned files together.
func edit(
    _ file: [UInt8], sides: [(name: String, bytes: [UInt8])] = [], form: ONNXEditor.Form
) throws(TamisError) -> [(name: String, bytes: [UInt8])] {
    let sideFiles = sides.map { ONNXModel.SideFile(location: $0.name, byteCount: UInt64($0.bytes.count)) }
    let plans = try ByteView.of(file) { bytes throws(TamisError) in
        try ONNXEditor.plan(bytes, fileName: "m.onnx", sideFiles: sideFiles, form: form)
    }
    return plans.map { ($0.name, assemble($0, [file] + sides.map(\.bytes))) }
}

func assemble(_ plan: FilePlan, _ files: [[UInt8]]) -> [UInt8] {
    plan.pieces.flatMap { piece in
        switch piece {
        case .bytes(let bytes): bytes
        case .range(let file, let range): Array(files[file][Int(range.lowerBound)..<Int(range.upperBound)])
        case .zeros(let count): [UInt8](repeating: 0, count: count)
        }
    }
}

func inline(_ file: [UInt8]) throws(TamisError) -> ONNXModel.InlinedModel? {
    try ByteView.of(file) { bytes throws(TamisError) in try ONNXModel.inlineVarints(bytes) }
}

/// The error that `body` throws, or nil.
func fault(_ body: () throws(TamisError) -> Void) -> TamisError? {
    do throws(TamisError) {
        try body()
        return nil
    } catch {
        return error
    }
}
