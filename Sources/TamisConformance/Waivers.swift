import TamisBits
import TamisSyntax

/// Failures that are known and expected, one a line: `id  verdict  # reason`.
///
/// A waiver is exact. What passes although it is waived, fails in another way than waived, or does not exist, is a failure.
package struct Waivers: Sendable {
    private struct Entry {
        let id: String
        let verdict: Verdict
        let reason: String
        let line: Int
    }

    private var entries: [Entry] = []
    private let file: String

    /// Waives nothing.
    package init() { file = "" }

    /// - Parameters:
    ///   - bytes: of the file, UTF-8.
    ///   - file: its name, for messages.
    ///   - verdicts: what may be waived.
    /// - Throws: `invalid_argument` for a line of another form.
    package init(_ bytes: [UInt8], file: String, of verdicts: [Verdict]) throws(TamisError) {
        self.file = file
        var seen: Set<String> = []
        for (place, content) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = place + 1
            func refused(_ message: String) -> TamisError {
                TamisError(
                    .invalidArgument, "line \(line): \(message)", file: file, advice: "expected lines such as: two-slices  timeout  # slow machine")
            }
            guard let text = String(validating: content, as: UTF8.self) else { throw refused("the line is not UTF-8") }
            let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let words = (parts.first ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
            let reason = parts.count > 1 ? parts[1].split(whereSeparator: \.isWhitespace).joined(separator: " ") : ""
            if words.isEmpty { continue }
            guard words.count == 2 else { throw refused("the line has \(words.count.counted("word")), expected an id and a verdict") }
            guard let verdict = Verdict(rawValue: words[1]), verdicts.contains(verdict) else {
                throw refused("'\(words[1])' cannot be waived, expected one of \(verdicts.map(\.rawValue).joined(separator: ", "))")
            }
            if reason.isEmpty { throw refused("the waiver of '\(words[0])' has no reason, expected one behind a #") }
            if !seen.insert(words[0]).inserted { throw refused("'\(words[0])' is waived a second time") }
            entries.append(Entry(id: words[0], verdict: verdict, reason: reason, line: line))
        }
    }

    /// Puts `waived` and `unexpected-pass` in the place of verdicts, and adds a result for each waiver of what does not exist.
    ///
    /// - Parameter known: the ids of all files there are, run or not.
    package func applied(to results: [CaseResult], known: Set<String>) -> [CaseResult] {
        let waived = Dictionary(entries.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var results = results.map { result in
            guard let entry = waived[result.id] else { return result }
            var result = result
            if result.verdict == .pass {
                result.verdict = .unexpectedPass
                result.found = "it passes, but \(file):\(entry.line) waives \(entry.verdict.rawValue)"
            } else if result.verdict == entry.verdict {
                result.verdict = .waived
                result.found += " (waived: \(entry.reason))"
            } else {
                result.found += " (\(file):\(entry.line) waives \(entry.verdict.rawValue) only)"
            }
            return result
        }
        for entry in entries where !known.contains(entry.id) {
            results.append(
                CaseResult(
                    id: entry.id, group: "waivers", verdict: .unknownWaiver, expected: "a file of this id", found: "\(file):\(entry.line) waives what does not exist",
                    seconds: 0, peakBytes: 0))
        }
        return results
    }
}
