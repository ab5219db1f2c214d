import Tamis
import Testing

@Suite("Help")
struct HelpTests {
    @Test("Every option of every command is explained, with an example", arguments: [
        ("encode", [
            "-o, --output", "-f, --force", "--quality", "--bits-per-weight", "--target-size", "--snr", "--step", "--lossless", "--shard", "--allocation", "--effort", "--quantizer",
            "--deadzone", "--prune", "--grid", "--exclude", "--sensitivity", "--recipe", "--feedback", "--statistics", "--dry-run", "--json", "-T, --threads", "-q, --quiet", "-v, --verbose",
        ]),
        ("decode", [
            "-o, --output", "-f, --force", "-T, --threads", "-M, --memory", "--no-verify", "--tensor", "--single-file", "--external", "--form", "--dtype", "--json", "-q, --quiet", "-v, --verbose",
        ]),
        ("merge", ["-o, --output", "-f, --force", "--json", "-T, --threads", "-M, --memory", "-q, --quiet", "-v, --verbose"]),
        ("inspect", ["--json", "-q, --quiet", "-v, --verbose"]),
        ("verify", ["--against", "--json", "-T, --threads", "-M, --memory", "-q, --quiet", "-v, --verbose"]),
        ("compare", ["--statistics", "--json", "-T, --threads", "-M, --memory", "-q, --quiet", "-v, --verbose"]),
        ("conformance", []),
        (
            "conformance decoder",
            ["--command", "--group", "--only", "--manifest", "--timeout", "--waivers", "--junit", "--json", "-T, --threads", "-q, --quiet", "-v, --verbose"]
        ),
        ("conformance encoder", ["--command", "--manifest", "--timeout", "--waivers", "--junit", "--json", "-T, --threads", "-q, --quiet", "-v, --verbose"]),
        ("conformance stream", ["--trace", "--json", "-T, --threads", "-M, --memory", "-q, --quiet"]),
        ("conformance testee", ["-T, --threads", "-M, --memory"]),
    ])
    func options(command: String, options: [String]) throws {
        let help = try Tool.run(command.split(separator: " ").map(String.init) + ["--help"])
        #expect(help.status == 0 && help.errors == "")
        for option in options + ["-h, --help", "--version"] { #expect(help.text.contains("  " + option), "\(option)") }
        #expect(help.text.contains("  tamis \(command) "))
        // Nothing is offered that this list lacks.
        let offered = help.text.matches(of: /(?m)^  (-\S, )?--\S+/).count
        #expect(offered == options.count + 2)
    }

    @Test("The command itself, its version, its completions")
    func root() throws {
        let help = try Tool.run("--help")
        for command in ["encode", "decode", "merge", "inspect", "verify", "compare", "conformance"] { #expect(help.text.contains("\n  \(command) ")) }
        #expect(try Tool.run("--version").text == "tamis \(Tamis.version)\n")
        for shell in ["bash", "zsh", "fish"] {
            let script = try Tool.run("--generate-completion-script", shell)
            #expect(script.status == 0 && script.text.contains("exclude"))
        }
    }

    @Test("A wrong option is answered with the reason and the usage")
    func usage() throws {
        let outcome = try Tool.run("encode", "a.onnx", "--quality", "15", "--step", "0.1")
        #expect(outcome.errors.hasPrefix("tamis: error: --quality and --step contradict each other"))
        #expect(outcome.errors.contains("\nUsage: tamis encode "))
    }
}
