/// A JSON value: what the protocol of the kit is spoken in. The members of an object keep their order.
package enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    /// As written: digits are not rounded.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    package struct Member: Sendable, Equatable {
        package let key: String
        package let value: JSON

        package init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }
    }

    package static func integer(_ value: some BinaryInteger) -> JSON { .number("\(value)") }

    /// `null` unless finite.
    package static func real(_ value: Double) -> JSON { value.isFinite ? .number("\(value)") : .null }

    /// `null` if there is none.
    package static func optional(_ text: String?) -> JSON { text.map(JSON.string) ?? .null }

    /// The member `key` of an object; nil if there is none, or no object.
    package subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    package var string: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    /// An integer that is not negative and fits 64 bits, written as digits only.
    package var unsigned: UInt64? {
        guard case .number(let text) = self else { return nil }
        return UInt64(text)
    }

    /// Any number, to the nearest.
    package var number: Double? {
        if case .number(let text) = self { return Double(text) }
        return nil
    }

    package var array: [JSON]? {
        if case .array(let items) = self { return items }
        return nil
    }

    package var isNull: Bool { self == .null }

    /// What it is, for messages.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let text): "the number \(text.prefix(40))"
        case .string(let text): "the text \"\(text.prefix(40))\""
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// In one line, without spaces.
    package var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let digits): text += digits
        case .string(let value): Self.quote(value, to: &text)
        case .array(let items):
            text += "["
            for (place, item) in items.enumerated() {
                if place > 0 { text += "," }
                item.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (place, member) in members.enumerated() {
                if place > 0 { text += "," }
                Self.quote(member.key, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    /// Control characters, those of Latin-1 included, are escaped: what comes out has none.
    private static func quote(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case ..<" ", "\u{7F}"..."\u{9F}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
