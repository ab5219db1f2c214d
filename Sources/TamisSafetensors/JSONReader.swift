import TamisBits

/// Reads the JSON (RFC 8259) of a header, front to back: objects, texts, and lists of integers that are not negative.
struct JSONReader {
    private let bytes: ByteView
    /// Of the next byte in the file.
    private(set) var position: Int

    /// - Parameter position: where the first object begins.
    init(_ bytes: ByteView, from position: Int) {
        self.bytes = bytes
        self.position = position
    }

    /// Calls `member` for each key with `position` at its value, to read that, and with the place of the key.
    ///
    /// - Parameter what: the object, in words.
    /// - Throws: for keys given twice, byte for byte, too.
    mutating func object(
        _ what: String, _ member: (inout JSONReader, _ key: String, _ place: Int) throws(TamisError) -> Void
    ) throws(TamisError) {
        try expect("{", "at the beginning of \(what)")
        skipSpace()
        if take("}") { return }
        var keys: Set<[UInt8]> = []
        while true {
            let place = position
            let key = try string("a key of \(what)")
            if !keys.insert(Array(key.utf8)).inserted { throw HeaderReader.fault("is given a second time in \(what)", name: key, at: place) }
            skipSpace()
            try expect(":", "after the key '\(key.prefix(60))'")
            skipSpace()
            try member(&self, key, place)
            skipSpace()
            if take("}") { return }
            try expect(",", "or } in \(what)")
            skipSpace()
        }
    }

    /// A list of integers of at most 64 bits.
    mutating func integers(_ what: String) throws(TamisError) -> [UInt64] {
        try expect("[", "at the beginning of \(what)")
        skipSpace()
        var integers: [UInt64] = []
        if take("]") { return integers }
        while true {
            integers.append(try integer(what))
            skipSpace()
            if take("]") { return integers }
            try expect(",", "or ] in \(what)")
            skipSpace()
        }
    }

    private mutating func integer(_ what: String) throws(TamisError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        while let byte = next, isDigit(byte) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 0x30))
            if overflow || carry { throw HeaderReader.fault("has an integer of more than 64 bits in \(what)", at: start) }
            value = sum
            position += 1
        }
        if position == start { throw HeaderReader.fault("has \(found) in \(what), expected an integer that is not negative", at: start) }
        if position > start + 1 && bytes[start] == UInt8(ascii: "0") {
            throw HeaderReader.fault("has an integer with a zero before it in \(what)", at: start)
        }
        return value
    }

    /// - Parameter what: the text, in words.
    mutating func string(_ what: String) throws(TamisError) -> String {
        let start = position
        try expect("\"", "at the beginning of \(what)")
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: text, as: UTF8.self) else { throw HeaderReader.fault("is not UTF-8 in \(what)", at: start) }
                return text
            case UInt8(ascii: "\\"): try escape(&text, what)
            case ..<0x20: throw HeaderReader.fault("has a control character in \(what), expected it as \\u and four digits", at: position - 1)
            default: text.append(byte)
            }
        }
        throw HeaderReader.fault("the header ends within \(what), expected a quotation mark", at: position)
    }

    private mutating func escape(_ text: inout [UInt8], _ what: String) throws(TamisError) {
        let start = position - 1
        guard let letter = next else { throw HeaderReader.fault("the header ends within \(what), expected a quotation mark", at: position) }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var value = try fourDigits(what)
            if (0xD800...0xDBFF).contains(value), take("\\"), take("u") {
                let low = try fourDigits(what)
                if (0xDC00...0xDFFF).contains(low) { value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00) }
            }
            guard let scalar = Unicode.Scalar(value) else {
                throw HeaderReader.fault("has half a character in \(what): \\u\(String(value, radix: 16))", at: start)
            }
            text += Array(String(Character(scalar)).utf8)
        default: throw HeaderReader.fault("has an unknown escape in \(what), expected one of JSON's", at: start)
        }
    }

    private mutating func fourDigits(_ what: String) throws(TamisError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw HeaderReader.fault("has an escape \\u in \(what) without four hexadecimal digits after it", at: position)
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// What pads the header.
    mutating func expectOnlySpaces() throws(TamisError) {
        while let byte = next {
            if byte != 0x20 { throw HeaderReader.fault("has \(found) after the header's }, expected spaces only", at: position) }
            position += 1
        }
    }

    // MARK: Bytes

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// What comes next, for messages.
    private var found: String {
        switch next {
        case nil: "the end of the header"
        case UInt8(ascii: "\"")?: "text"
        case UInt8(ascii: "[")?: "a list"
        case UInt8(ascii: "{")?: "an object"
        case let byte? where (0x21...0x7E).contains(byte): "'\(Character(Unicode.Scalar(byte)))'"
        case let byte?: "the byte \(byte)"
        }
    }

    private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar, _ place: String) throws(TamisError) {
        if !take(character) { throw HeaderReader.fault("has \(found), expected \(character) \(place)", at: position) }
    }
}
