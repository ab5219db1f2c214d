import TamisBits

/// Reads the JSON (RFC 8259) of a header or an index, front to back: objects, texts, and lists of integers that are not negative.
struct JSONReader {
    /// Numbers in a list: frameworks have tensors of at most 64 dimensions.
    private static let maximumListCount = 64

    private let bytes: ByteView
    /// What is read, in words.
    private let document: String
    /// Of the next byte in the file.
    private(set) var position: Int

    /// - Parameters:
    ///   - bytes: of the file up to the end of the JSON.
    ///   - position: where the first object begins.
    ///   - document: what is read, in words.
    init(_ bytes: ByteView, from position: Int, of document: String) {
        self.bytes = bytes
        self.position = position
        self.document = document
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
            try expect(":", "after the key \(HeaderReader.quoted(key))")
            skipSpace()
            try member(&self, key, place)
            skipSpace()
            if take("}") { return }
            try expect(",", "or } in \(what)")
            skipSpace()
        }
    }

    /// A list of at most 64 integers of at most 64 bits.
    mutating func integers(_ what: String) throws(TamisError) -> [UInt64] {
        try expect("[", "at the beginning of \(what)")
        skipSpace()
        var integers: [UInt64] = []
        if take("]") { return integers }
        while true {
            if integers.count == Self.maximumListCount {
                throw HeaderReader.fault("has more than \(Self.maximumListCount) numbers in \(what)", at: position)
            }
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
        throw HeaderReader.fault("\(document) ends within \(what), expected a quotation mark", at: position)
    }

    private mutating func escape(_ text: inout [UInt8], _ what: String) throws(TamisError) {
        let start = position - 1
        guard let letter = next else { throw HeaderReader.fault("\(document) ends within \(what), expected a quotation mark", at: position) }
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

    /// What pads a header.
    mutating func expectOnlySpaces() throws(TamisError) {
        while next == 0x20 { position += 1 }
        if next != nil { throw HeaderReader.fault("has \(found) after \(document)'s }, expected spaces only", at: position) }
    }

    func expectEnd() throws(TamisError) {
        if next != nil { throw HeaderReader.fault("has \(found) after \(document)'s }, expected nothing more", at: position) }
    }

    // MARK: Bytes

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// What comes next, for messages.
    var found: String {
        switch next {
        case nil: "the end of \(document)"
        case UInt8(ascii: "\"")?: "text"
        case UInt8(ascii: "[")?: "a list"
        case UInt8(ascii: "{")?: "an object"
        case let byte? where (0x21...0x7E).contains(byte): "'\(Character(Unicode.Scalar(byte)))'"
        case let byte?: "the byte \(byte)"
        }
    }

    func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    /// Requires a next byte.
    mutating func advance() { position += 1 }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar, _ place: String) throws(TamisError) {
        if !take(character) { throw HeaderReader.fault("has \(found), expected \(character) \(place)", at: position) }
    }
}
