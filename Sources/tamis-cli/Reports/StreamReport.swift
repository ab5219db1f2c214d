import TamisDecoder
import TamisDigest
import TamisEncoder
import TamisModel

/// What is in a stream, as tables for people and as JSON for programs.
struct StreamReport {
    private let summary: StreamSummary
    /// What bits a weight are counted by.
    let elements: UInt64
    let sourceByteCount: UInt64

    init(_ summary: StreamSummary) {
        self.summary = summary
        let codedElements = summary.tensors.reduce(0) { $0 + $1.description.shape.elementCount }
        // Of a shard, only what it holds counts.
        if summary.shard == nil {
            elements = WeightCount.of(floatElements: summary.sourceFloatElements, codedElements: codedElements)
            sourceByteCount = summary.sources.reduce(0) { $0 + $1.byteCount }
        } else {
            elements = codedElements
            sourceByteCount = summary.skeletonByteCount + summary.tensors.reduce(0) { $0 + ($1.description.byteCount ?? 0) }
        }
    }

    private var ratio: Double { Double(sourceByteCount) / Double(summary.fileByteCount) }

    private var bitsPerWeight: Double? { elements == 0 ? nil : 8 * Double(summary.fileByteCount) / Double(elements) }

    /// One line: both sizes and their ratio.
    func sizes(from source: String, to target: String) -> String {
        let comparison = ratio >= 1 ? "\(Decimal.factor(ratio)) times smaller" : "\(Decimal.factor(1 / ratio)) times larger"
        let rate = bitsPerWeight.map { ", \($0 < 0.1 ? Decimal.significant($0, 2) : Decimal.fixed($0, 2)) bits/weight" } ?? ""
        let part = summary.shard.map { "shard \($0) of " } ?? ""
        return "\(part)\(source.printable) \(Decimal.bytes(sourceByteCount)) → \(target.printable) \(Decimal.bytes(summary.fileByteCount)), \(comparison)\(rate)"
    }

    /// What made the file, and from what.
    func origin(showsDigests: Bool) -> String {
        var text = "format \(summary.formatVersion), level \(summary.level), made by \(summary.encoderName.isEmpty ? "an unnamed encoder" : summary.encoderName)"
        if !summary.encoderOptions.isEmpty { text += " with \(summary.encoderOptions)" }
        text = text.printable + "\n"
        for source in summary.sources {
            text += "\(source.fileName.printable), \(summary.sourceFormat.printable), \(Decimal.grouped(source.byteCount)) bytes\n"
            if showsDigests {
                text += "  source  sha256 \(Hexadecimal.text(source.sha256))\n  decoded sha256 \(source.decodedSHA256.isEmpty ? "not stated" : Hexadecimal.text(source.decodedSHA256))\n"
            }
        }
        return text
    }

    /// By element type, before and after.
    var content: String { ContentReport(summary).text }

    /// A line about what a shard does not have; empty for a whole model.
    var whatLacks: String { summary.shard.map { "only shard \($0) of the model: 'tamis merge' puts all of them together\n" } ?? "" }

    /// One line per tensor, and the total.
    ///
    /// - Parameter reasons: why tensors were kept exact, by their names; told in a column of its own.
    func table(reasons: [String: String] = [:], showsTools: Bool = false) -> String {
        var columns: [(title: String, alignment: TextTable.Alignment)] = [
            ("tensor", .left), ("shape", .left), ("type", .left), ("coding", .left), ("step", .right), ("slices", .right), ("bytes", .right),
            ("bits/value", .right),
        ]
        if !reasons.isEmpty { columns.append(("exact because", .left)) }
        if showsTools {
            columns.append(("rms error", .right))
            columns.append(("offset", .right))
            columns.append(("rows' step", .right))
            columns.append(("tools", .left))
        }
        var table = TextTable(columns)
        for tensor in summary.tensors {
            let description = tensor.description
            var cells = [
                description.name, description.shape.description, description.elementType.name, tensor.coding + tensor.marks,
                tensor.step.map { Decimal.significant(Double($0), 4) } ?? "", "\(tensor.sliceCount)", Decimal.grouped(tensor.byteCount),
                tensor.bitsPerElement.map { Decimal.fixed($0, 2) } ?? "",
            ]
            if !reasons.isEmpty { cells.append(reasons[description.name] ?? "") }
            if showsTools {
                cells.append(tensor.weightError.map { Decimal.significant(Double($0), 4) } ?? "")
                cells.append(tensor.reconstructionOffset.map { Decimal.shortest($0) } ?? "")
                cells.append(tensor.rowStepExponent > 0 ? "^\(Decimal.shortest(tensor.rowStepExponent))" : "")
                cells.append(tensor.tools.joined(separator: " "))
            }
            table.add(cells)
        }
        let empty = [String](repeating: "", count: columns.count - 8)
        table.add(["graph, index and framing", "", "", "", "", "", Decimal.grouped(summary.otherByteCount), ""] + empty)
        table.add(
            ["total", "", "", "", "", "", Decimal.grouped(summary.fileByteCount), bitsPerWeight.map { Decimal.fixed($0, 2) } ?? ""] + empty)
        let hasGroups = summary.tensors.contains(where: \.isGrouped)
        let aliases = summary.tensors.flatMap { tensor in tensor.aliases.map { "\($0) is the same as \(tensor.description.name)".printable + "\n" } }.joined()
        return table.text + aliases + (hasGroups ? "* shares a unit with other small tensors; its bytes are an estimate\n" : "") + treatments
    }

    /// One line for each kind of treatment: what its mark in the table means, and how many tensors have it.
    private var treatments: String {
        guard let counts = summary.treatmentCounts else { return "" }
        return [
            (Self.syntheticMark, counts.syntheticFeedback, "errors hidden from the layer's outputs, for inputs as such layers have them as a rule"),
            (Self.measuredMark, counts.measuredFeedback, "errors hidden from the layer's outputs, for inputs as they were measured"),
            (Self.correctionMark, counts.correctedBiases, "bias that takes up the mean error of the layer's outputs"),
        ].filter { $0.1 > 0 }.map { mark, count, words in "\(mark) \(words); \(count) tensor\(count == 1 ? "" : "s")\n" }.joined()
    }

    fileprivate static let syntheticMark = "s"
    fileprivate static let measuredMark = "m"
    fileprivate static let correctionMark = "c"

    var members: [(key: String, value: JSONValue)] {
        [
            ("file_bytes", .integer(summary.fileByteCount)),
            ("source_bytes", .integer(sourceByteCount)),
            ("ratio", .number(ratio)),
            ("elements", .integer(elements)),
            ("bits_per_weight", JSONValue(bitsPerWeight)),
            ("other_bytes", .integer(summary.otherByteCount)),
            ("format", .string("tamis")),
            ("format_version", .integer(UInt64(summary.formatVersion))),
            ("level", .string(summary.level)),
            ("shard", JSONValue(summary.shard)),
            ("encoder", .string(summary.encoderName)),
            ("options", .string(summary.encoderOptions)),
            ("treatments", summary.treatmentCounts.map { .object($0.members) } ?? .null),
            ("source_format", .string(summary.sourceFormat)),
            ("files", .array(summary.sources.map { source in
                .object([
                    ("name", .string(source.fileName)), ("source_bytes", .integer(source.byteCount)),
                    ("source_sha256", .string(Hexadecimal.text(source.sha256))),
                    ("decoded_sha256", JSONValue(source.decodedDigest)),
                ])
            })),
            ("source_sha256", JSONValue(summary.sources.first.map { Hexadecimal.text($0.sha256) })),
            ("decoded_sha256", JSONValue(summary.sources.first?.decodedDigest)),
            ("content", ContentReport(summary).member),
            ("tensors", .array(summary.tensors.map { .object($0.members) })),
        ]
    }
}

extension StreamSummary.Source {
    /// SHA-256 of the decoded file, if the stream says it.
    var decodedDigest: String? { decodedSHA256.isEmpty ? nil : Hexadecimal.text(decodedSHA256) }
}

extension JSONValue {
    /// `null` for a whole model; numbers count from 1.
    init(_ shard: Shard?) {
        self = shard.map { .object([("number", .integer(UInt64($0.number + 1))), ("count", .integer(UInt64($0.count)))]) } ?? .null
    }
}

extension StreamSummary.Tensor {
    fileprivate var coding: String { (isExact ? "exact" : quantizer ?? "") + (levels.map { " \($0)" } ?? "") }

    /// What stands behind the coding, explained below the table.
    fileprivate var marks: String {
        var marks = isGrouped ? "*" : ""
        switch feedback {
        case .synthetic: marks += " " + StreamReport.syntheticMark
        case .measured: marks += " " + StreamReport.measuredMark
        case .some(.none), nil: break
        }
        return isCorrected == true ? marks + " " + StreamReport.correctionMark : marks
    }

    fileprivate var bitsPerElement: Double? {
        description.shape.elementCount == 0 ? nil : 8 * Double(byteCount) / Double(description.shape.elementCount)
    }

    fileprivate var members: [(key: String, value: JSONValue)] {
        [
            ("name", .string(description.name)),
            ("aliases", .array(aliases.map { .string($0) })),
            ("shape", .array(description.shape.dimensions.map { .integer($0) })),
            ("element_type", .string(description.elementType.name)),
            ("elements", .integer(description.shape.elementCount)),
            ("mode", .string(mode)),
            ("exact", .bool(isExact)),
            ("bytes", .integer(byteCount)),
            ("bits_per_weight", JSONValue(bitsPerElement)),
            ("quantizer", JSONValue(quantizer)),
            ("step", step.map { .single($0) } ?? .null),
            ("levels", levels.map { .integer(UInt64($0)) } ?? .null),
            ("reconstruction_offset", JSONValue(reconstructionOffset)),
            ("row_step_exponent", .number(rowStepExponent)),
            ("slices", .integer(UInt64(sliceCount))),
            ("grouped", .bool(isGrouped)),
            ("weight_error", weightError.map { .single($0) } ?? .null),
            ("tools", .array(tools.map { .string($0) })),
            ("feedback", JSONValue(feedback?.rawValue)),
            ("bias_corrected", isCorrected.map { .bool($0) } ?? .null),
        ]
    }
}

extension StreamSummary.TreatmentCounts {
    fileprivate var members: [(key: String, value: JSONValue)] {
        [
            ("synthetic_feedback", .integer(UInt64(syntheticFeedback))),
            ("measured_feedback", .integer(UInt64(measuredFeedback))),
            ("bias_corrected", .integer(UInt64(correctedBiases))),
        ]
    }
}
