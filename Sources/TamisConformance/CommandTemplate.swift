import TamisBits

/// A command with places for files, such as `my-decoder --json {input}`, taken apart as a shell does, but run without one.
package struct CommandTemplate: Sendable, Equatable {
    /// The program, then its arguments.
    package let words: [String]

    /// - Parameter places: what the command has to have in braces, for example `input`.
    /// - Throws: `invalid_argument` if a place is missing, a quotation does not end, or there is something only a shell understands.
    package init(_ text: String, places: [String]) throws(TamisError) {
        words = try Self.split(text)
        if words.isEmpty { throw Self.refused("the command is empty") }
        for place in places where !words.contains(where: { $0.utf8.firstRange(of: "{\(place)}") != nil }) {
            throw Self.refused("the command '\(text)' has no {\(place)}")
        }
    }

    /// The words with files in their places.
    package func filled(_ values: [String: String]) -> [String] {
        words.map { word in
            var filled: [UInt8] = []
            var rest = Array(word.utf8)[...]
            scan: while let first = rest.first {
                for (place, value) in values {
                    let mark = "{\(place)}".utf8
                    if rest.starts(with: mark) {
                        filled += value.utf8
                        rest = rest.dropFirst(mark.count)
                        continue scan
                    }
                }
                filled.append(first)
                rest = rest.dropFirst()
            }
            return String(decoding: filled, as: UTF8.self)
        }
    }

    /// Words as a POSIX shell splits them: white space between words, '…', "…" and \.
    private static func split(_ text: String) throws(TamisError) -> [String] {
        var words: [String] = []
        var word: String.UnicodeScalarView?
        var quotation: Unicode.Scalar?
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            switch (quotation, scalar) {
            case ("'", "'"), ("\"", "\""): quotation = nil
            case ("'", _): word?.append(scalar)
            case ("\"", "\\") where scalars.first.map({ "\"\\$`".unicodeScalars.contains($0) }) == true: word?.append(scalars.removeFirst())
            case (nil, "'"), (nil, "\""):
                quotation = scalar
                word = word ?? String.UnicodeScalarView()
            case (nil, "\\"):
                guard let next = scalars.popFirst() else { throw refused("the command ends with a backslash") }
                word = word ?? String.UnicodeScalarView()
                word?.append(next)
            case (nil, " "), (nil, "\t"), (nil, "\n"):
                if let done = word { words.append(String(done)) }
                word = nil
            case (_, "$"), (_, "`"): throw refused("the command has '\(scalar)', which only a shell replaces")
            case (nil, "|"), (nil, "&"), (nil, ";"), (nil, "<"), (nil, ">"), (nil, "("), (nil, ")"):
                throw refused("the command has '\(scalar)', which only a shell understands")
            default:
                word = word ?? String.UnicodeScalarView()
                word?.append(scalar)
            }
        }
        if let quotation { throw refused("the command has a \(quotation) without an end") }
        if let word { words.append(String(word)) }
        return words
    }

    private static func refused(_ message: String) -> TamisError {
        TamisError(
            .invalidArgument, message,
            advice: "the command is run without a shell; where one is needed, write sh -c 'COMMAND \"$0\"' {input} with all of it in quotation marks")
    }
}

extension String.UTF8View {
    fileprivate func firstRange(of text: String) -> Range<Index>? {
        var start = startIndex
        while start != endIndex {
            if self[start...].starts(with: text.utf8) { return start..<index(start, offsetBy: text.utf8.count) }
            formIndex(after: &start)
        }
        return nil
    }
}
