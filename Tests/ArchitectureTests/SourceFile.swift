/// A source file as text, and without what is no code.
struct SourceFile: Sendable {
    /// Relative to the package, for example `Sources/TamisBits/ByteView.swift`.
    let path: String
    let text: String
    /// The text with comments and the insides of string literals as spaces; line by line as the file.
    let code: [Substring]

    init(_ path: String, _ text: String) {
        self.path = path
        self.text = text
        code = Self.blanked(text).split(separator: "\n", omittingEmptySubsequences: false)
    }

    var name: String { path.split(separator: "/").last.map(String.init) ?? "" }
    /// Folder under `Sources`.
    var module: String { path.hasPrefix("Sources/") ? String(path.split(separator: "/")[1]) : "" }
    var isSwift: Bool { path.hasSuffix(".swift") }
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// Places of `pattern` in the code, as `path:line: text`.
    func matches(_ pattern: Regex<Substring>) -> [String] {
        // By Unicode's rules there is no boundary at the full stop of `a.b`.
        let pattern = pattern.wordBoundaryKind(.simple)
        return code.enumerated().filter { $0.element.contains(pattern) }.map { "\(path):\($0.offset + 1): \(lines[$0.offset].prefix(120))" }
    }

    private static func blanked(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var place = 0
        func has(_ word: StaticString) -> Bool {
            let count = word.utf8CodeUnitCount
            return place + count <= bytes.count && (0..<count).allSatisfy { bytes[place + $0] == word.utf8Start[$0] }
        }
        func skip(_ count: Int) {
            for byte in bytes[place..<min(place + count, bytes.count)] { result.append(byte == 10 ? 10 : 32) }
            place += count
        }
        while place < bytes.count {
            if has("//") {
                while place < bytes.count && bytes[place] != 10 { skip(1) }
            } else if has("/*") {
                while place < bytes.count && !has("*/") { skip(1) }
                skip(2)
            } else if has("\"") {
                let quote: StaticString = has("\"\"\"") ? "\"\"\"" : "\""
                skip(quote.utf8CodeUnitCount)
                var depth = 0
                while place < bytes.count && (depth > 0 || !has(quote)) {
                    // What stands between the parentheses of an interpolation may have quotes of its own.
                    if has("\\(") {
                        depth += 1
                        skip(2)
                    } else if depth > 0 {
                        depth += has("(") ? 1 : has(")") ? -1 : 0
                        skip(1)
                    } else {
                        skip(has("\\") ? 2 : 1)
                    }
                }
                skip(quote.utf8CodeUnitCount)
            } else {
                result.append(bytes[place])
                place += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
