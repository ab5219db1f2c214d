/// One file, one verdict, and the reason.
package struct CaseResult: Sendable, Equatable {
    package let id: String
    /// In the table of verdicts.
    package let group: String
    package internal(set) var verdict: Verdict
    package let expected: String
    /// What came in place of what was expected; empty for a pass.
    package internal(set) var found: String
    package let seconds: Double
    /// Largest resident set of the process.
    package let peakBytes: UInt64
    /// What else is known of a case, for `--json`.
    package var details: [JSON.Member] = []

    package init(id: String, group: String, verdict: Verdict, expected: String, found: String, seconds: Double, peakBytes: UInt64) {
        self.id = id
        self.group = group
        self.verdict = verdict
        self.expected = expected
        self.found = found
        self.seconds = seconds
        self.peakBytes = peakBytes
    }

    package var json: JSON {
        .object(
            [
                JSON.Member("id", .string(id)), JSON.Member("group", .string(group)), JSON.Member("verdict", .string(verdict.rawValue)),
                JSON.Member("expected", .string(expected)), JSON.Member("found", verdict == .pass ? .null : .string(found)),
                JSON.Member("seconds", .real((seconds * 1000).rounded() / 1000)), JSON.Member("peak_bytes", .integer(peakBytes)),
            ] + details)
    }
}
