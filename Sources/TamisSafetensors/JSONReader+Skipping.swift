import TamisBits

/// Values that are of no interest: their JSON is checked, and nothing is kept.
extension JSONReader {
    /// Objects and lists within each other.
    private static let maximumDepth = 16

    /// - Parameter depth: objects and lists that the value lies in.
    mutating func skipValue(depth: Int = 0) throws(TamisError) {
        let start = position
        switch next {
        case UInt8(ascii: "\"")?: _ = try string("a text")
        case UInt8(ascii: "{")?, UInt8(ascii: "[")?:
            if depth == Self.maximumDepth { throw HeaderReader.fault("has more than \(Self.maximumDepth) objects or lists within each other", at: start) }
            if next == UInt8(ascii: "[") { return try skipList(depth: depth + 1) }
            try object("an object") { (json, _, _) throws(TamisError) in try json.skipValue(depth: depth + 1) }
        case UInt8(ascii: "t")?: try skipWord("true")
        case UInt8(ascii: "f")?: try skipWord("false")
        case UInt8(ascii: "n")?: try skipWord("null")
        case UInt8(ascii: "-")?: try skipNumber()
        case let byte? where isDigit(byte): try skipNumber()
        default: throw HeaderReader.fault("has \(found), expected a value", at: start)
        }
    }

    private mutating func skipList(depth: Int) throws(TamisError) {
        try expect("[", "at the beginning of a list")
        skipSpace()
        if take("]") { return }
        while true {
            try skipValue(depth: depth)
            skipSpace()
            if take("]") { return }
            try expect(",", "or ] in a list")
            skipSpace()
        }
    }

    private mutating func skipWord(_ word: String) throws(TamisError) {
        for character in word.unicodeScalars { try expect(character, "of \(word)") }
    }

    /// `-? (0 | [1-9] [0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    private mutating func skipNumber() throws(TamisError) {
        _ = take("-")
        if !take("0") { try skipDigits() }
        if take(".") { try skipDigits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try skipDigits()
        }
    }

    private mutating func skipDigits() throws(TamisError) {
        guard let first = next, isDigit(first) else { throw HeaderReader.fault("has \(found) in a number, expected a digit", at: position) }
        while let byte = next, isDigit(byte) { advance() }
    }
}
