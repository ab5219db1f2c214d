import TamisBits

/// Reads `{"name": number, …}` and nothing else.
struct SensitivityReader {
    private let bytes: [UInt8]
    private let file: String?
    private var position = 0
    /// Of `position`, from 1.
    private var line = 1

    private static let advice = "expected is a JSON object from tensor names to positive numbers, such as {\"conv1.weight\": 4, \"fc.weight\": 0.5}"

    /// - Parameter bytes: UTF-8.
    init(_ bytes: [UInt8], file: String?) {
        self.bytes = bytes
        self.file = file
    }

    mutating func table() throws(TamisError) -> [String: Double] {
        var table: [String: Double] = [:]
        skipSpace()
        try expect("{", "before the first name")
        skipSpace()
        if take("}") { try end(); return table }
        while true {
            if next != UInt8(ascii: "\"") { throw fault("has \(found), expected a tensor's name in quotation marks") }
            let nameLine = line
            let name = try string()
            skipSpace()
            try expect(":", "after the name '\(name)'")
            skipSpace()
            let value = try number(of: name)
            if table.updateValue(value, forKey: name) != nil { throw fault("is given a second time", name: name, line: nameLine, advice: "leave one") }
            skipSpace()
            if take("}") { break }
            try expect(",", "or } after the number of '\(name)'")
            skipSpace()
        }
        try end()
        return table
    }

    private mutating func end() throws(TamisError) {
        skipSpace()
        if next != nil { throw fault("has \(found) after the object's }, expected the end") }
    }

    /// RFC 8259, section 6, and positive and finite.
    private mutating func number(of name: String) throws(TamisError) -> Double {
        let start = position
        func isPart(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || [0x2B, 0x2D, 0x2E].contains(byte)
        }
        while let byte = next, isPart(byte) { position += 1 }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        if word.isEmpty { throw fault("is \(found), expected a positive number", name: name) }
        guard Self.isNumber(word), let value = Double(word), value > 0, value.isFinite else {
            throw fault("is \(word.prefix(60)), expected a positive number", name: name, advice: "1 is what tensors have that the table does not name")
        }
        return value
    }

    /// Whether `word` is written as JSON writes numbers. A regular expression would take a megabyte of the C library.
    private static func isNumber(_ word: String) -> Bool {
        var rest = word.utf8[...]
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        func digits() -> Bool {
            let count = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(count)
            return count > 0
        }
        func takes(_ letters: String) -> Bool {
            guard let first = rest.first, letters.utf8.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = takes("-")
        if !takes("0") && !digits() { return false }
        if takes(".") && !digits() { return false }
        if takes("eE") {
            _ = takes("+-")
            if !digits() { return false }
        }
        return rest.isEmpty
    }

    /// RFC 8259, section 7.
    private mutating func string() throws(TamisError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(&text)
            case ..<0x20: throw fault("has a control character in a name, expected it as \\u and four digits")
            default: text.append(byte)
            }
        }
        throw fault("ends within a name, expected a quotation mark")
    }

    private mutating func escape(_ text: inout [UInt8]) throws(TamisError) {
        let plain: [UInt8: UInt8] = [
            UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10,
            UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9,
        ]
        guard let letter = next else { throw fault("ends within a name, expected a quotation mark") }
        position += 1
        if let byte = plain[letter] { return text.append(byte) }
        if letter != UInt8(ascii: "u") { throw fault("has an unknown escape in a name, expected one of JSON's") }
        var value = try fourDigits()
        if (0xD800...0xDBFF).contains(value), take("\\"), take("u") {
            let low = try fourDigits()
            if (0xDC00...0xDFFF).contains(low) { value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00) }
        }
        guard let scalar = Unicode.Scalar(value) else { throw fault("has half a character in a name: \\u\(String(value, radix: 16))") }
        text += String(Character(scalar)).utf8
    }

    private mutating func fourDigits() throws(TamisError) -> UInt32 {
        let digits = bytes[position...].prefix(4)
        let isHexadecimal = digits.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0) }
        guard isHexadecimal, digits.count == 4, let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16) else {
            throw fault("has an escape \\u in a name without four hexadecimal digits after it")
        }
        position += 4
        return value
    }

    // MARK: Bytes

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// What comes next, for messages.
    private var found: String {
        switch next {
        case nil: "the end of the file"
        case UInt8(ascii: "\""): "text"
        case UInt8(ascii: "["): "a list"
        case UInt8(ascii: "{"): "an object"
        default: "'" + (String(decoding: bytes[position...].prefix(4), as: UTF8.self).first.map(String.init) ?? "") + "'"
        }
    }

    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) {
            if byte == 0x0A { line += 1 }
            position += 1
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar, _ place: String) throws(TamisError) {
        if !take(character) { throw fault("has \(found), expected \(character) \(place)") }
    }

    private func fault(_ message: String, name: String? = nil, line: Int? = nil, advice: String? = nil) -> TamisError {
        TamisError(
            .invalidSensitivities, message, file: file, unit: "line \(line ?? self.line)", element: name.map { "'\($0.prefix(200))'" }, advice: advice ?? Self.advice)
    }
}
