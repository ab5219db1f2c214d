import TamisDecoder
import TamisModel

/// What a file is made of, before and after: by element type, and what is no tensor. It answers why a file is not smaller.
struct ContentReport {
    /// Tensors of a type that were treated alike, or what is no tensor.
    private struct Part {
        let name: String
        let type: String?
        var treatment: String?
        var tensors = 0
        var elements: UInt64 = 0
        /// In the model's files.
        var before: UInt64 = 0
        /// In the stream.
        var after: UInt64 = 0
    }

    private let parts: [Part]
    private let before: UInt64
    private let after: UInt64

    init(_ summary: StreamSummary) {
        var parts: [Part] = []
        var places: [String: Int] = [:]
        for tensor in summary.tensors {
            let type = tensor.description.elementType.name
            let treatment = tensor.isExact ? "exact" : "quantized"
            let name = "\(type), \(treatment)"
            let place = places[name] ?? parts.count
            if place == parts.count {
                places[name] = place
                parts.append(Part(name: name, type: type, treatment: treatment))
            }
            parts[place].tensors += 1
            parts[place].elements += tensor.description.shape.elementCount
            parts[place].before += tensor.description.byteCount ?? 0
            parts[place].after += tensor.byteCount
        }
        // Where the bytes are comes first.
        parts.sort { ($0.after, $1.name) > ($1.after, $0.name) }
        parts.append(Part(name: "graph and everything else", type: nil, before: summary.skeletonByteCount, after: summary.skeletonUnitByteCount))
        parts.append(Part(name: "names, index and checksums", type: nil, after: summary.otherByteCount - min(summary.otherByteCount, summary.skeletonUnitByteCount)))
        self.parts = parts
        before = summary.sources.reduce(0) { $0 + $1.byteCount }
        after = summary.fileByteCount
    }

    /// A line for each part, and a sentence.
    var text: String {
        var table = TextTable([
            ("content", .left), ("tensors", .right), ("values", .right), ("before", .right), ("after", .right), ("smaller", .right), ("bits/value", .right),
            ("share", .right),
        ])
        for part in parts {
            let isTensor = part.type != nil
            table.add([
                part.name, isTensor ? "\(part.tensors)" : "", isTensor ? Decimal.grouped(part.elements) : "", Decimal.grouped(part.before),
                Decimal.grouped(part.after), part.after > 0 && part.before > 0 ? Decimal.factor(Double(part.before) / Double(part.after)) + "×" : "",
                part.elements > 0 ? Decimal.fixed(8 * Double(part.after) / Double(part.elements), 2) : "", share(part),
            ])
        }
        return table.text + why + "\n"
    }

    private func share(_ part: Part) -> String { after == 0 ? "" : Decimal.fixed(100 * Double(part.after) / Double(after), 1) + " %" }

    /// What keeps the file from being smaller: parts of a twentieth or more that are not quantized.
    private var why: String {
        let large = parts.filter { $0.treatment != "quantized" && Double($0.after) >= 0.05 * Double(after) }
        if large.isEmpty { return "nearly all of the file is quantized weights: a lower --quality makes it smaller" }
        let words = large.map { part in "\(share(part)) " + (part.type.map { "\($0) kept bit by bit" } ?? part.name) }.joined(separator: ", ")
        var reasons: [String] = []
        if large.contains(where: { ["float32", "float16", "bfloat16"].contains($0.type) }) {
            reasons.append("--lossless and --exclude keep floating-point tensors, and so do values that are not finite ('tamis encode -v' says why)")
        }
        if large.contains(where: { $0.type?.contains("int") == true }) { reasons.append("integers were quantized by whoever made them") }
        return "of the file: \(words)" + (reasons.isEmpty ? "" : "; " + reasons.joined(separator: "; "))
    }

    var member: JSONValue {
        .array(parts.map { part in
            .object([
                ("content", .string(part.name)), ("element_type", JSONValue(part.type)), ("treatment", JSONValue(part.treatment)),
                ("tensors", .integer(UInt64(part.tensors))), ("elements", .integer(part.elements)), ("source_bytes", .integer(part.before)),
                ("bytes", .integer(part.after)),
            ])
        })
    }
}
