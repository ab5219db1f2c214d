/// Reads one JSON text (RFC 8259), strictly: nothing before or after it but space, no key twice, whole characters only.
package struct JSONParser {
    /// What is wrong with a text.
    package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        /// From 1.
        package let line: Int
        /// What was found, and what was expected.
        package let message: String

        package var description: String { "line \(line): \(message)" }
    }

    /// Objects and lists within each other.
    private static let maximumDepth = 64

    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

    private let bytes: [UInt8]
    private var position = 0

    /// - Parameter bytes: UTF-8.
    package static func parse(_ bytes: [UInt8]) throws(Problem) -> JSON {
        var parser = JSONParser(bytes)
        parser.skipSpace()
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        if parser.next != nil { throw parser.problem("\(parser.found) follows the value, expected nothing more") }
        return value
    }

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    private mutating func value(depth: Int) throws(Problem) -> JSON {
        if depth > Self.maximumDepth { throw problem("there are more than \(Self.maximumDepth) objects or lists within each other") }
        switch next {
        case UInt8(ascii: "\"")?: return .string(try string())
        case UInt8(ascii: "{")?: return try object(depth: depth)
        case UInt8(ascii: "[")?: return try array(depth: depth)
        case UInt8(ascii: "t")?: return try word("true", .bool(true))
        case UInt8(ascii: "f")?: return try word("false", .bool(false))
        case UInt8(ascii: "n")?: return try word("null", .null)
        case let byte? where byte == UInt8(ascii: "-") || Self.digits.contains(byte): return .number(try number())
        default: throw problem("there is \(found), expected a value")
        }
    }

    private mutating func object(depth: Int) throws(Problem) -> JSON {
        position += 1
        skipSpace()
        var members: [JSON.Member] = []
        var keys: Set<[UInt8]> = []
        if take("}") { return .object([]) }
        while true {
            if next != UInt8(ascii: "\"") { throw problem("there is \(found), expected a key in quotation marks") }
            let key = try string()
            if !keys.insert(Array(key.utf8)).inserted { throw problem("the key \"\(key)\" is given a second time") }
            skipSpace()
            try expect(":", "after a key")
            skipSpace()
            members.append(JSON.Member(key, try value(depth: depth + 1)))
            skipSpace()
            if take("}") { return .object(members) }
            try expect(",", "or } in an object")
            skipSpace()
        }
    }

    private mutating func array(depth: Int) throws(Problem) -> JSON {
        position += 1
        skipSpace()
        var items: [JSON] = []
        if take("]") { return .array([]) }
        while true {
            items.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(items) }
            try expect(",", "or ] in a list")
            skipSpace()
        }
    }

    private mutating func word(_ word: String, _ value: JSON) throws(Problem) -> JSON {
        for character in word.unicodeScalars { try expect(character, "of \(word)") }
        return value
    }

    /// `-? (0 | [1-9] [0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    private mutating func number() throws(Problem) -> String {
        let start = position
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(Problem) {
        let start = position
        while let byte = next, Self.digits.contains(byte) { position += 1 }
        if position == start { throw problem("there is \(found) in a number, expected a digit") }
    }

    private mutating func string() throws(Problem) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: text, as: UTF8.self) else { throw problem("the text is not UTF-8") }
                return text
            case UInt8(ascii: "\\"): try escape(into: &text)
            case ..<0x20: throw problem("a text has a control character, expected it as \\u and four digits")
            default: text.append(byte)
            }
        }
        throw problem("the end of the text lies within quotation marks")
    }

    private mutating func escape(into text: inout [UInt8]) throws(Problem) {
        let letter = next
        position += 1
        switch letter {
        case UInt8(ascii: "\"")?, UInt8(ascii: "\\")?, UInt8(ascii: "/")?: text.append(letter ?? 0)
        case UInt8(ascii: "b")?: text.append(0x08)
        case UInt8(ascii: "f")?: text.append(0x0C)
        case UInt8(ascii: "n")?: text.append(0x0A)
        case UInt8(ascii: "r")?: text.append(0x0D)
        case UInt8(ascii: "t")?: text.append(0x09)
        case UInt8(ascii: "u")?:
            var value = try fourDigits()
            if (0xD800...0xDBFF).contains(value), take("\\"), take("u") {
                let low = try fourDigits()
                if (0xDC00...0xDFFF).contains(low) { value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00) }
            }
            guard let scalar = Unicode.Scalar(value) else { throw problem("a text has half a character: \\u\(String(value, radix: 16))") }
            text += Array(String(Character(scalar)).utf8)
        default: throw problem("a text has an unknown escape, expected one of JSON's")
        }
    }

    private mutating func fourDigits() throws(Problem) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw problem("an escape \\u has no four hexadecimal digits after it")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    // MARK: Bytes

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private var found: String {
        switch next {
        case nil: "the end of the text"
        case let byte? where (0x21...0x7E).contains(byte): "'\(Character(Unicode.Scalar(byte)))'"
        case let byte?: "the byte \(byte)"
        }
    }

    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar, _ place: String) throws(Problem) {
        if !take(character) { throw problem("there is \(found), expected \(character) \(place)") }
    }

    private func problem(_ message: String) -> Problem {
        Problem(line: 1 + bytes[..<min(position, bytes.count)].count { $0 == 0x0A }, message: message)
    }
}
