import TamisBits
import Testing

@testable import TamisConformance

@Suite("Waivers")
struct WaiverTests {
    private static func waivers(_ text: String) throws -> Waivers { try Waivers(Array(text.utf8), file: "w.txt", of: Verdict.ofDecoders) }

    private static func verdicts(_ text: String, _ results: [CaseResult], known: Set<String> = ["a", "b"]) throws -> [Verdict] {
        try waivers(text).applied(to: results, known: known).map(\.verdict)
    }

    @Test func exactly() throws {
        let text = "# all of them\n\na  wrong-code # not yet\n\tb timeout  #  slow \n"
        let both = [Samples.result("a", .wrongCode), Samples.result("b", .timeout)]
        #expect(try Self.verdicts(text, both) == [.waived, .waived])
        #expect(try Self.verdicts("", both) == [.wrongCode, .timeout])
        // Of another kind, or none at all: a failure both times.
        #expect(try Self.verdicts(text, [Samples.result("a", .crash), Samples.result("b", .pass)]) == [.crash, .unexpectedPass])
        // Not run, but known.
        #expect(try Self.verdicts(text, [both[0]]) == [.waived])
        // Not known.
        #expect(try Self.verdicts(text + "c crash # gone", both) == [.waived, .waived, .unknownWaiver])
        #expect(Verdict.waived.isSuccess && !Verdict.unexpectedPass.isSuccess && !Verdict.unknownWaiver.isSuccess)
    }

    @Test("Each side has its verdicts, and each of them a word")
    func sides() {
        #expect(Set(Verdict.ofDecoders + Verdict.ofEncoders) == Set(Verdict.allCases).subtracting([.pass, .waived, .unexpectedPass, .unknownWaiver]))
        #expect(throws: TamisError.self) { try Waivers(Array("a wrong-source # x".utf8), file: "w", of: Verdict.ofDecoders) }
        #expect(Verdict.acceptedInvalid.namedWords == "accepted what is invalid (accepted-invalid)" && Verdict.timeout.namedWords == "timeout")
        #expect(Verdict.unexpectedPass.namedWords == "unexpected pass")
    }

    @Test func reasonsAreTold() throws {
        let results = try Self.waivers("a wrong-code # not yet\nb timeout # slow").applied(
            to: [Samples.result("a", .wrongCode, found: "overlong_integer"), Samples.result("b", .crash, found: "signal 11")], known: ["a", "b"])
        #expect(results.map(\.found) == ["overlong_integer (waived: not yet)", "signal 11 (w.txt:2 waives timeout only)"])
    }

    @Test("Lines of another form are refused, by number", arguments: [
        ("a", "line 1: the line has 1 word,"), ("\n\na timeout", "no reason"), ("a timeout #", "no reason"), ("a b timeout # x", "3 words"), ("a pass # x", "'pass' cannot be waived"),
        ("a slow # x", "'slow' cannot be waived"), ("a waived # x", "cannot be waived"), ("a timeout # x\na crash # y", "line 2: 'a' is waived a second time"),
    ])
    func refusals(text: String, words: String) {
        #expect { try Self.waivers(text) } throws: { error in
            guard let error = error as? TamisError else { return false }
            return error.code == .invalidArgument && error.file == "w.txt" && error.message.contains(words)
        }
    }
}
