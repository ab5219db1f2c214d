import Foundation
import Testing

@Suite("conformance decoder")
struct ConformanceDecoderTests {
    private static let ourselves = "exec '\(Tool.path)' conformance testee \"$1\""

    /// Of the repository's kit.
    static let manifest = Python.repository.appendingPathComponent("Conformance/manifest.json").path

    @Test("The repository's kit: our own decoder passes")
    func kit() throws {
        let outcome = try Tool.run("conformance", "decoder", "--manifest", Self.manifest, "--command", "'\(Tool.path)' conformance testee {input}")
        #expect(outcome.status == 0, "\(outcome.text)")
    }

    private static let isLong = ProcessInfo.processInfo.environment["TAMIS_FULL_TESTS"] == "1"

    /// Starting Python for each stream takes its time: the quick tier has the small groups, and Conformance/check.py has them all in one process.
    @Test("The repository's kit: the reference decoder passes", .enabled(if: Python.path != nil, Comment(rawValue: Python.missing)))
    func referenceDecoder() throws {
        let script = Python.repository.appendingPathComponent("Conformance/reference/tamis_reference.py").path
        let outcome = try Tool.run(
            ["conformance", "decoder", "--manifest", Self.manifest, "--command", "'\(Python.path ?? "")' '\(script)' --testee {input}", "--timeout", "60"]
                + (Self.isLong ? [] : ["--group", "exotic", "--group", "limits"]))
        #expect(outcome.status == 0, "\(outcome.text)")
    }

    /// The verdicts by id.
    private static func verdicts(_ outcome: Tool.Outcome) -> [String: String] {
        let vectors = outcome.json["vectors"] as? [[String: Any]] ?? []
        return Dictionary(vectors.map { ($0["id"] as? String ?? "", $0["verdict"] as? String ?? "") }) { first, _ in first }
    }

    @Test("Our own decoder passes; the table says so")
    func ourDecoder() throws {
        let kit = try ConformanceKit.small()
        let outcome = try Tool.run("conformance", "decoder", "--manifest", kit.manifest, "--command", "'\(Tool.path)' conformance testee {input}")
        #expect(outcome.status == 0 && outcome.errors == "")
        #expect(outcome.text.contains("\nvalid        3     3       0       0 ") && outcome.text.contains("\ninvalid      4     4 "))
        #expect(outcome.text.contains("\n7 run: 7 pass\nlongest time "))
        #expect(try kit.decode(Self.ourselves, "-q").text == "")
        let all = try kit.decode(Self.ourselves, "-v", "-T", "2")
        #expect(all.status == 0 && all.text.contains("valid/plain") && all.text.contains("malformed: truncated, unit "))
    }

    @Test("One group, single streams")
    func selection() throws {
        let kit = try ConformanceKit.small()
        #expect(Set(Self.verdicts(try kit.decode(Self.ourselves, "--json", "--group", "invalid")).keys) == ["empty", "cut", "appended", "damaged"])
        let one = try kit.decode(Self.ourselves, "--json", "--only", "plain", "--only", "cut")
        #expect(Self.verdicts(one) == ["plain": "pass", "cut": "pass"] && one.json["ok"] as? Bool == true)
        #expect(try kit.decode(Self.ourselves, "--only", "none").status == 64)
        #expect(try kit.decode(Self.ourselves, "--only", "plain", "--group", "limits").status == 64)
        #expect(try kit.decode(Self.ourselves, "--group", "best").status == 64)
    }

    @Test("What is wrong with a decoder is told", arguments: [
        ("exit 0", "protocol-error", "protocol-error"), ("exit 65", "refused-valid", "pass"), ("exit 69", "refused-valid", "wrong-family"),
        ("exit 1", "protocol-error", "protocol-error"), ("kill -SEGV $$", "crash", "crash"), ("echo rubbish; exit 65", "protocol-error", "protocol-error"),
        ("echo '{\"files\":[],\"tensors\":[]}'", "wrong-result", "accepted-invalid"),
        ("echo '{\"error\":{\"code\":\"missing\"}}'; exit 65", "refused-valid", "wrong-code"),
        ("cat /dev/zero", "protocol-error", "protocol-error"), ("yes", "protocol-error", "protocol-error"),
    ])
    func faults(script: String, valid: String, invalid: String) throws {
        let kit = try ConformanceKit.small()
        let outcome = try kit.decode(script, "--json", "--only", "plain", "--only", "cut")
        #expect(outcome.status == 1 && outcome.json["ok"] as? Bool == (valid == "pass" && invalid == "pass"))
        #expect(Self.verdicts(outcome) == ["plain": valid, "cut": invalid])
    }

    @Test("A wrong place, a changed digest")
    func changedManifest() throws {
        var kit = try ConformanceKit.small()
        kit.change("damaged") { vector in
            var error = vector["error"] as? [String: Any] ?? [:]
            error["unit"] = 0
            vector["error"] = error
        }
        kit.change("plain") { vector in
            var tensors = vector["tensors"] as? [[String: Any]] ?? []
            tensors[0]["sha256"] = String(repeating: "0", count: 64)
            vector["tensors"] = tensors
        }
        kit.change("coarse") { $0["expectation"] = "decodes_or_unsupported" }
        try kit.write()
        let outcome = try kit.decode(Self.ourselves)
        #expect(outcome.status == 1 && outcome.text.contains("7 run: 5 pass, 1 wrong result, 1 wrong place"))
        #expect(outcome.text.contains("valid/plain: wrong result (wrong-result)\n  expected  decodes\n  got       tensor 0 'layer.weight': expected SHA-256 0000"))
        #expect(outcome.text.contains("invalid/damaged: wrong place (wrong-place)\n  expected  malformed: payload_checksum, unit 0"))
        let unsupported = try kit.decode("exit 69", "--json", "--only", "coarse")
        #expect(Self.verdicts(unsupported) == ["coarse": "pass"])
    }

    @Test("A decoder that hangs is ended in time, with what it started")
    func timeout() throws {
        let kit = try ConformanceKit.small()
        let mark = kit.folder.path("alive")
        let start = ContinuousClock.now
        let outcome = try kit.decode("(sleep 3; touch '\(mark)') & sleep 100", "--json", "--timeout", "0.5", "--only", "plain", "--only", "cut", "-T", "2")
        #expect(ContinuousClock.now - start < .seconds(2.5))
        #expect(outcome.status == 1 && Self.verdicts(outcome) == ["plain": "timeout", "cut": "timeout"])
        // Output without end must not keep it alive, either.
        let chatter = try kit.decode("while :; do echo x >&2; done", "--json", "--timeout", "0.5", "--only", "plain")
        #expect(Self.verdicts(chatter) == ["plain": "timeout"])
        Thread.sleep(forTimeInterval: 3.2)
        #expect(!kit.folder.exists("alive"))
    }

    @Test("What a decoder leaves running does not hold up its answer")
    func leftBehind() throws {
        let kit = try ConformanceKit.small()
        let start = ContinuousClock.now
        let outcome = try kit.decode("sleep 30 & " + Self.ourselves, "--json", "--only", "plain")
        #expect(Self.verdicts(outcome) == ["plain": "pass"] && ContinuousClock.now - start < .seconds(5))
    }

    @Test("Who ends the runner ends what it runs")
    func signals() throws {
        let kit = try ConformanceKit.small()
        let mark = kit.folder.path("alive")
        try kit.folder.write("decoder.sh", Array("touch '\(kit.folder.path("started"))'; sleep 2; touch '\(mark)'".utf8))
        let runner = try Tool.start(
            ["conformance", "decoder", "--manifest", kit.manifest, "--only", "plain", "--command", "sh '\(kit.folder.path("decoder.sh"))' {input}"])
        for _ in 0..<200 where !kit.folder.exists("started") { Thread.sleep(forTimeInterval: 0.05) }
        kill(runner, SIGTERM)
        #expect(Tool.wait(for: runner) == -SIGTERM)
        Thread.sleep(forTimeInterval: 2.5)
        #expect(kit.folder.exists("started") && !kit.folder.exists("alive"))
    }

    @Test("Waivers are exact")
    func waivers() throws {
        let kit = try ConformanceKit.small()
        let script = "case \"$1\" in *cut*) exit 69;; *) \(Self.ourselves);; esac"
        #expect(try kit.decode(script).status == 1)
        let path = try kit.folder.write("waivers", Array("cut wrong-family # known since May\n".utf8))
        let waived = try kit.decode(script, "--waivers", path)
        #expect(waived.status == 0 && waived.text.contains("7 run: 6 pass, 1 waived"))
        let fixed = try kit.decode(Self.ourselves, "--waivers", path)
        #expect(fixed.status == 1 && fixed.text.contains("invalid/cut: unexpected pass\n"))
        try kit.folder.write("waivers", Array("cut timeout # x\n".utf8))
        #expect(Self.verdicts(try kit.decode(script, "--json", "--waivers", path))["cut"] == "wrong-family")
        try kit.folder.write("waivers", Array("cut wrong-family # x\nlost crash # y\n".utf8))
        let unknown = try kit.decode(script, "--waivers", path)
        #expect(unknown.status == 1 && unknown.text.contains("waivers/lost: unknown waiver"))
        try kit.folder.write("waivers", Array("cut sometimes # x\n".utf8))
        let refused = try kit.decode(script, "--waivers", path)
        #expect(refused.status == 64 && refused.errors.contains("\(path): line 1: 'sometimes' cannot be waived"))
    }

    @Test("JUnit and JSON")
    func reports() throws {
        let kit = try ConformanceKit.small()
        let outcome = try kit.decode("exit 65", "--json", "--junit", kit.folder.path("out.xml"))
        let text = String(decoding: try kit.folder.read("out.xml"), as: UTF8.self)
        #expect(text.contains("tests=\"7\" failures=\"3\"") && text.contains("<testcase name=\"plain\" classname=\"valid\""))
        #expect(text.contains("<failure type=\"refused-valid\""))
        let counts = outcome.json["counts"] as? [String: Int] ?? [:]
        #expect(counts == ["pass": 4, "refused-valid": 3])
        let vectors = outcome.json["vectors"] as? [[String: Any]] ?? []
        for key in ["id", "group", "verdict", "expected", "found", "seconds", "peak_bytes"] { #expect(vectors.allSatisfy { $0[key] != nil }, "\(key)") }
        #expect(vectors.allSatisfy { ($0["peak_bytes"] as? Int ?? 0) > 100_000 })
    }

    @Test("64, 65, 66: commands, kits and files that will not do")
    func refusals() throws {
        let kit = try ConformanceKit.small()
        func run(_ command: String, _ manifest: String? = nil, _ more: String...) throws -> Tool.Outcome {
            try Tool.run(["conformance", "decoder", "--manifest", manifest ?? kit.manifest, "--command", command] + more)
        }
        for command in ["", "dec", "dec {input} | cat", "dec '{input}"] { #expect(try run(command).status == 64) }
        #expect(try run("cat {input}", nil, "--timeout", "0").status == 64)
        #expect(try run("cat {input}", nil, "--timeout", "nan").status == 64)
        #expect(try run("cat {input}", kit.folder.path("plain.tamis")).status == 64)
        let none = try run("no-such-decoder {input}")
        #expect(none.status == 66 && none.errors.contains("no-such-decoder: the command cannot be started: No such file"))
        let lacking = try run("cat {input}", kit.folder.path("none.json"))
        #expect(lacking.status == 66 && lacking.errors.contains("run it in a clone of the repository, or name the kit's manifest with --manifest"))
        let unknown = try run("cat {input}", nil, "--only", "none")
        #expect(unknown.status == 64 && unknown.errors.contains("\nUsage: tamis conformance decoder --command "))
        #expect(try run("cat {input}", nil, "--waivers", kit.folder.path("none")).status == 66)
        try kit.folder.write("plain.tamis", [1, 2, 3])
        let changed = try run("cat {input}")
        #expect(changed.status == 65 && changed.errors.contains("plain.tamis: its SHA-256 is "))
        try FileManager.default.removeItem(atPath: kit.folder.path("plain.tamis"))
        #expect(try run("cat {input}").status == 66)
    }

    @Test("The decoder gets no input, an empty signal mask, and the path with all its spaces")
    func surroundings() throws {
        let kit = try ConformanceKit.small()
        let script = "cat > '\(kit.folder.path("stdin"))'; trap '' PIPE; grep -q 'SigIgn:.*0000000000000000' /proc/$$/status; \(Self.ourselves)"
        #expect(try kit.decode(script, "--only", "plain").status == 0)
        #expect(try kit.folder.read("stdin") == [])
    }
}
