import TamisConformance

/// Verdicts on a decoder or an encoder, counted and explained.
struct VerdictReport {
    private let results: [CaseResult]
    private let command: String

    init(_ results: [CaseResult], command: String) {
        self.results = results
        self.command = command
    }

    var isSuccess: Bool { results.allSatisfy(\.verdict.isSuccess) }

    private var groups: [String] {
        var groups: [String] = []
        for result in results where !groups.contains(result.group) { groups.append(result.group) }
        return groups
    }

    private var slowest: CaseResult? { results.max { $0.seconds < $1.seconds } }
    private var largest: CaseResult? { results.max { $0.peakBytes < $1.peakBytes } }

    /// A table by groups, then what did not pass.
    /// - Parameter showsAll: also what did.
    func text(showsAll: Bool) -> String {
        var text = ""
        if showsAll { text += cases + "\n" }
        text += table
        for result in results where !result.verdict.isSuccess {
            text += "\n\(result.group)/\(result.id): \(result.verdict.namedWords)\n".printableLines
            text += "  expected  \(result.expected)\n  got       \(result.found)\n".printableLines
        }
        return text + "\n" + conclusion
    }

    /// How many passed, and the largest figures.
    private var conclusion: String {
        let counts = Verdict.allCases.compactMap { verdict in
            let count = results.count { $0.verdict == verdict }
            return count == 0 ? nil : "\(count) \(verdict.words)"
        }
        var text = "\(results.count) run: \(counts.joined(separator: ", "))\n"
        if let slowest { text += "longest time \(Self.seconds(slowest.seconds)) (\(slowest.id.printable))" }
        if let largest { text += ", most memory \(Decimal.bytes(largest.peakBytes)) (\(largest.id.printable))\n" }
        return text
    }

    private var table: String {
        var table = TextTable([
            ("group", .left), ("files", .right), ("pass", .right), ("waived", .right), ("failed", .right), ("longest", .right), ("most memory", .right),
        ])
        for group in groups { table.add(row(group, results.filter { $0.group == group })) }
        if groups.count > 1 { table.add(row("all", results)) }
        return table.text
    }

    private func row(_ title: String, _ results: [CaseResult]) -> [String] {
        [
            title, "\(results.count)", "\(results.count { $0.verdict == .pass })", "\(results.count { $0.verdict == .waived })",
            "\(results.count { !$0.verdict.isSuccess })", Self.seconds(results.map(\.seconds).max() ?? 0), Decimal.bytes(results.map(\.peakBytes).max() ?? 0),
        ]
    }

    private var cases: String {
        var table = TextTable([("file", .left), ("verdict", .left), ("time", .right), ("memory", .right), ("expected", .left)])
        for result in results {
            table.add(["\(result.group)/\(result.id)", result.verdict.namedWords, Self.seconds(result.seconds), Decimal.bytes(result.peakBytes), result.expected])
        }
        return table.text
    }

    static func seconds(_ value: Double) -> String { Decimal.fixed(value, value < 10 ? 2 : 1) + " s" }

    /// - Parameter key: of the list of results.
    func json(of key: String) -> JSON {
        let counts = Verdict.allCases.compactMap { verdict in
            let count = results.count { $0.verdict == verdict }
            return count == 0 ? nil : JSON.Member(verdict.rawValue, .integer(count))
        }
        return .object([
            JSON.Member("command", .string(command)), JSON.Member("ok", .bool(isSuccess)), JSON.Member("counts", .object(counts)),
            JSON.Member("longest_seconds", slowest.map { .real(($0.seconds * 1000).rounded() / 1000) } ?? .null),
            JSON.Member("most_bytes", largest.map { .integer($0.peakBytes) } ?? .null), JSON.Member(key, .array(results.map(\.json))),
        ])
    }
}

extension String {
    /// Line by line printable.
    fileprivate var printableLines: String { split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }.joined(separator: "\n") }
}
