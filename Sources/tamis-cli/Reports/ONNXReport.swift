import TamisModel
import TamisONNX

/// What is in an ONNX model, as tables for people and as JSON for programs.
struct ONNXReport {
    private let summary: ONNXSummary
    private let fileByteCount: UInt64
    private let locations: [String]
    private let codedInFiles: Set<String>

    /// - Parameters:
    ///   - locations: files that hold external data.
    ///   - codedInFiles: names of tensors that are coded, if those in these files are known.
    init(_ summary: ONNXSummary, fileByteCount: UInt64, locations: [String], codedInFiles: Set<String>) {
        self.summary = summary
        self.fileByteCount = fileByteCount
        self.locations = locations
        self.codedInFiles = codedInFiles
    }

    private func isCoded(_ tensor: ONNXSummary.Tensor) -> Bool { tensor.isCoded || codedInFiles.contains(tensor.name) }

    /// Who made the model, and with which operators.
    var origin: String {
        var text = "ONNX model, IR version \(summary.irVersion), \(summary.nodeCount) nodes, \(Decimal.grouped(fileByteCount)) bytes\n"
        if !summary.producer.isEmpty { text += "made by \(summary.producer.printable)\n" }
        if !summary.graphName.isEmpty { text += "graph \(summary.graphName.printable)\n" }
        let sets = summary.operatorSets.map { "\($0.domain.isEmpty ? "ai.onnx" : $0.domain.printable) \($0.version)" }
        if !sets.isEmpty { text += "operator sets \(sets.joined(separator: ", "))\n" }
        if !locations.isEmpty { text += "data in \(locations.joined(separator: ", ").printable)\n" }
        return text
    }

    /// One line per tensor, and the total.
    var table: String {
        var table = TextTable([
            ("tensor", .left), ("shape", .left), ("type", .left), ("place", .left), ("storage", .left), ("coded", .left), ("bytes", .right),
        ])
        var tensorBytes: UInt64 = 0
        for tensor in summary.tensors {
            tensorBytes += tensor.byteCount
            let more = tensor.rank > tensor.dimensions.count ? ", …" : ""
            table.add([
                tensor.name, "[" + tensor.dimensions.map { String($0) }.joined(separator: ", ") + more + "]", tensor.elementType,
                tensor.location.rawValue, tensor.storage.rawValue, isCoded(tensor) ? "yes" : "no", Decimal.grouped(tensor.byteCount),
            ])
        }
        let rest = fileByteCount - min(fileByteCount, tensorBytes)
        table.add(["graph and everything else", "", "", "", "", "", Decimal.grouped(rest)])
        table.add(["total", "", "", "", "", "", Decimal.grouped(fileByteCount)])
        var text = table.text
        if summary.omittedTensorCount > 0 { text += "\(summary.omittedTensorCount) more tensors are not listed and would not be coded\n" }
        return text + "'coded' tensors are what 'tamis encode' codes one by one; the rest is kept as it is, compressed with the graph\n"
    }

    var members: [(key: String, value: JSONValue)] {
        let coded = summary.tensors.filter(isCoded)
        return [
            ("file_bytes", .integer(fileByteCount)),
            ("format", .string("onnx")),
            ("producer", .string(summary.producer)),
            ("ir_version", .signed(summary.irVersion)),
            ("operator_sets", .array(summary.operatorSets.map { .object([("domain", .string($0.domain)), ("version", .signed($0.version))]) })),
            ("elements", .integer(summary.tensors.reduce(0) { $0 &+ ($1.isFloatingPoint ? $1.elementCount : 0) })),
            ("graph_name", .string(summary.graphName)),
            ("nodes", .integer(UInt64(summary.nodeCount))),
            ("coded_tensors", .integer(UInt64(coded.count))),
            ("coded_bytes", .integer(coded.reduce(0) { $0 + $1.byteCount })),
            ("data_files", .array(locations.map { .string($0) })),
            ("omitted_tensors", .integer(UInt64(summary.omittedTensorCount))),
            ("tensors", .array(summary.tensors.map { tensor in
                .object([
                    ("name", .string(tensor.name)),
                    ("shape", .array(tensor.dimensions.map { .signed($0) })),
                    ("element_type", .string(tensor.elementType)),
                    ("elements", .integer(tensor.elementCount)),
                    ("bytes", .integer(tensor.byteCount)),
                    ("location", .string(tensor.location.rawValue)),
                    ("storage", .string(tensor.storage.rawValue)),
                    ("coded", .bool(isCoded(tensor))),
                ])
            })),
        ]
    }
}

extension ONNXSummary.Tensor {
    fileprivate var isFloatingPoint: Bool { elementType.hasPrefix("float") || elementType.hasPrefix("bfloat") }

    /// What the dimensions say; 0 if they make no sense.
    fileprivate var elementCount: UInt64 {
        if rank > dimensions.count || dimensions.contains(where: { $0 < 0 }) { return 0 }
        return Shape(dimensions.map { UInt64($0) })?.elementCount ?? 0
    }
}
