import TamisDigest
import TamisSyntax

extension StreamTrace {
    /// A heading for each unit, and a line for each element: offset, bytes, name, descriptor and value.
    package var text: String {
        var text = ""
        var unit: Int?
        for (place, entry) in entries.enumerated() {
            if entry.unit != unit || place == 0 {
                unit = entry.unit
                text += heading(of: entry)
            }
            text += entry.text + "\n"
        }
        return text
    }

    private func heading(of entry: Entry) -> String {
        guard let unit = entry.unit else { return "stream\n" }
        let name = UInt8(entry.value).flatMap { UnitHeader.UnitType(rawValue: $0)?.name } ?? "unit of type \(entry.value)"
        return "unit \(unit): \(name)\n"
    }

    /// As `--json` has it.
    package var json: JSON { .array(entries.map(\.json)) }
}

extension StreamTrace.Entry {
    private static let shownBytes = 8

    /// Whether the bytes are a value of the descriptor. An empty text takes one byte.
    private var isReadable: Bool { !value.isEmpty || descriptor == "bytes" || descriptor == "text" && byteCount == 1 }

    var text: String {
        let head = Hexadecimal.text(bytes.prefix(Self.shownBytes)) + (byteCount > UInt64(Self.shownBytes) ? "…" : "")
        let place = String(repeating: " ", count: max(0, 10 - "\(offset)".count)) + "\(offset)" + (isInBody ? "b" : " ")
        let columns = place + " " + head + String(repeating: " ", count: max(0, 2 * Self.shownBytes + 1 - head.count))
        if isOpaque { return "\(columns)  \(structure).\(element): \(byteCount.counted("byte"))" }
        let name = "\(columns)  \(structure).\(element) (\(descriptor))"
        if !isReadable { return "\(name): no value" }
        switch descriptor {
        case "bytes": return "\(name) = \(Hexadecimal.text(bytes))"
        case "text": return "\(name) = \(JSON.string(value).text)"
        default: return "\(name) = \(value)"
        }
    }

    var json: JSON {
        let content: JSON =
            switch descriptor {
            case _ where isOpaque || !isReadable: .null
            case "bytes": .string(Hexadecimal.text(bytes))
            case "text": .string(value)
            // JSON has no number for these.
            case "f32" where Float(value)?.isFinite != true: .string(value)
            default: .number(value)
            }
        var members = [
            JSON.Member("unit", unit.map { .integer($0) } ?? .null), JSON.Member("structure", .string(structure)), JSON.Member("element", .string(element)),
            JSON.Member("descriptor", .string(descriptor)), JSON.Member("offset", .integer(offset)), JSON.Member("bytes", .integer(byteCount)),
            JSON.Member("value", content),
        ]
        if isInBody { members.append(JSON.Member("body", .bool(true))) }
        return .object(members)
    }
}
