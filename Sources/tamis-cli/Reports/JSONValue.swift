/// A JSON text in the making; the members of an object keep their order.
enum JSONValue {
    case null
    case bool(Bool)
    case integer(UInt64)
    case signed(Int64)
    /// `null` unless finite.
    case number(Double)
    /// As `number`, written with the digits of a Float.
    case single(Float)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])

    init(_ text: String?) { self = text.map(JSONValue.string) ?? .null }
    init(_ number: Double?) { self = number.map(JSONValue.number) ?? .null }

    /// Indented by two spaces a level, with a line feed at the end; lists of plain values on one line.
    var text: String {
        var text = ""
        write(to: &text, indentation: 0)
        return text + "\n"
    }

    private var isPlain: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }

    private func write(to text: inout String, indentation: Int) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += "\(value)"
        case .signed(let value): text += "\(value)"
        case .number(let value): text += value.isFinite ? Decimal.shortest(value) : "null"
        case .single(let value): text += value.isFinite ? Decimal.shortest(value) : "null"
        case .string(let value): Self.quote(value, to: &text)
        case .array(let items) where items.allSatisfy(\.isPlain):
            text += "["
            for (place, item) in items.enumerated() {
                if place > 0 { text += ", " }
                item.write(to: &text, indentation: indentation)
            }
            text += "]"
        case .array(let items):
            Self.write(items.map { (nil, $0) }, between: ("[", "]"), to: &text, indentation)
        case .object(let members):
            Self.write(members.map { ($0.key, $0.value) }, between: ("{", "}"), to: &text, indentation)
        }
    }

    private static func write(
        _ items: [(key: String?, value: JSONValue)], between brackets: (String, String), to text: inout String, _ indentation: Int
    ) {
        text += brackets.0
        for (place, item) in items.enumerated() {
            text += place == 0 ? "\n" : ",\n"
            text += String(repeating: " ", count: indentation + 2)
            if let key = item.key {
                quote(key, to: &text)
                text += ": "
            }
            item.value.write(to: &text, indentation: indentation + 2)
        }
        if !items.isEmpty { text += "\n" + String(repeating: " ", count: indentation) }
        text += brackets.1
    }

    private static func quote(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            case ..<" ", "\u{7F}"..."\u{9F}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
