/// Results in the XML that build servers read: a suite for each group, a case for each file.
package enum JUnitReport {
    /// - Parameter name: of all suites together.
    package static func text(_ results: [CaseResult], name: String) -> String {
        var groups: [String] = []
        for result in results where !groups.contains(result.group) { groups.append(result.group) }
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"\(escaped(name))\" \(counts(results))>\n"
        for group in groups {
            let cases = results.filter { $0.group == group }
            text += "  <testsuite name=\"\(escaped(group))\" \(counts(cases))>\n"
            for result in cases {
                text += "    <testcase name=\"\(escaped(result.id))\" classname=\"\(escaped(group))\" time=\"\(seconds(result.seconds))\""
                switch result.verdict {
                case .pass: text += "/>\n"
                case .waived: text += ">\n      <skipped message=\"\(escaped(result.found))\"/>\n    </testcase>\n"
                default:
                    let message = "expected \(result.expected); \(result.found)"
                    text += ">\n      <failure type=\"\(result.verdict.rawValue)\" message=\"\(escaped(message))\"/>\n    </testcase>\n"
                }
            }
            text += "  </testsuite>\n"
        }
        return text + "</testsuites>\n"
    }

    private static func counts(_ results: [CaseResult]) -> String {
        let failures = results.count { !$0.verdict.isSuccess }
        let skipped = results.count { $0.verdict == .waived }
        return "tests=\"\(results.count)\" failures=\"\(failures)\" errors=\"0\" skipped=\"\(skipped)\" time=\"\(seconds(results.reduce(0) { $0 + $1.seconds }))\""
    }

    /// In milliseconds.
    private static func seconds(_ value: Double) -> String {
        let milliseconds = UInt64(max(0, value * 1000))
        let rest = "\(milliseconds % 1000)"
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }

    /// XML has no way to write most control characters; they become `?`.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\n", "\r", "\t": escaped += " "
            case ..<" ", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": escaped += "?"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
