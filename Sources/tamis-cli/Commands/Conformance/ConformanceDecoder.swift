import ArgumentParser
import Synchronization
import Tamis
import TamisConformance
import TamisThreads

struct ConformanceDecoder: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decoder",
        abstract: "Run a decoder over the kit's streams and judge its answers.",
        discussion: """
            The command is run once for each stream, without a shell, with the path in the place of {input}. It ends with exit \
            code 0 and a JSON object of files and tensors on standard output, or with 65 (malformed), 69 (unsupported) or 77 \
            (limit) and, if it likes, {"error":{"code":…,"unit":…,"element":…}}. Conformance/README.md has the details.

            Exit code 0 means that every verdict is a pass or waived, 1 that one is not.

              tamis conformance decoder --command 'python3 my_decoder.py {input}'
              tamis conformance decoder --command './dec {input}' --group invalid --only two-slices -v
              tamis conformance decoder --command './dec {input}' --waivers known.txt --junit results.xml
            """)

    @Option(parsing: .unconditional, help: ArgumentHelp("The decoder: a program and its arguments, one of which has {input}.", valueName: "command"))
    var command: String

    @Option(name: .customLong("group"), parsing: .unconditionalSingleValue, help: ArgumentHelp("Only the streams of this group. Repeatable.", valueName: "group"))
    var groups: [Manifest.Group] = []

    @Option(parsing: .unconditionalSingleValue, help: ArgumentHelp("Only this stream. Repeatable.", valueName: "id"))
    var only: [String] = []

    @OptionGroup var options: ConformanceOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var reporting: VerdictReportOptions

    func run() throws {
        let template = try CommandTemplate(command, places: ["input"])
        let manifest = try options.readManifest()
        let waivers = try options.readWaivers(of: Verdict.ofDecoders)
        let vectors = try selected(manifest)
        for vector in vectors { try options.check(vector.file, sha256: vector.sha256) }
        let bar = ProgressBar("decoding", total: UInt64(vectors.count), isQuiet: reporting.quiet)
        let done = Atomic<UInt64>(0)
        let outcomes = try parallelMap(vectors.count, threads: threads.count) { _, place in
            let outcome = ProcessUnderTest.run(template.filled(["input": options.path(of: vectors[place].file)]), timeLimit: options.timeout)
            bar?.update(done.wrappingAdd(1, ordering: .relaxed).newValue)
            return outcome
        }
        bar?.clear()
        for outcome in outcomes { try ConformanceOptions.requireStarted(outcome, template.words) }
        var results = zip(vectors, outcomes).map { DecoderCheck.result(of: $0, $1, timeLimit: options.timeout) }
        results = waivers.applied(to: results, known: Set(manifest.vectors.map(\.id)))
        try options.writeJUnit(results, name: command)
        let report = VerdictReport(results, command: command)
        if reporting.json {
            try StandardOutput.text(report.json(of: "vectors").text + "\n")
        } else if !reporting.quiet {
            try StandardOutput.text(report.text(showsAll: reporting.verbose))
        }
        if !report.isSuccess { throw ExitCode(ExitStatus.difference.rawValue) }
    }

    private func selected(_ manifest: Manifest) throws -> [Manifest.Vector] {
        if let unknown = only.first(where: { id in !manifest.vectors.contains { $0.id == id } }) {
            throw ValidationError("--only '\(unknown.printable)': \(options.manifest.printable) has no such id")
        }
        if manifest.vectors.isEmpty { throw ValidationError("\(options.manifest.printable) has no streams; name a manifest that has some with --manifest") }
        let vectors = manifest.vectors.filter { (groups.isEmpty || groups.contains($0.group)) && (only.isEmpty || only.contains($0.id)) }
        if vectors.isEmpty { throw ValidationError("no stream of \(options.manifest.printable) is left to test; give fewer of --group and --only") }
        return vectors
    }
}

extension Manifest.Group: ExpressibleByArgument {}
