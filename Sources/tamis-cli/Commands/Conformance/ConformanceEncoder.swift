import ArgumentParser
import Synchronization
import Tamis
import TamisConformance
import TamisONNX
import TamisThreads

struct ConformanceEncoder: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encoder",
        abstract: "Run an encoder over models and judge its streams.",
        discussion: """
            The command is run once for each model, without a shell, with the path of the model in the place of {input} and that of \
            a file to make in the place of {output}, and ends with exit code 0. The stream is then held against every rule of the \
            Spec, decoded, and compared: source_bytes and source_sha256 with the model; names, types and shapes of tensors with \
            what an importer finds in it; bits of what is kept as it was; and the weight error that each other tensor states with \
            the one measured, within the tolerance of Spec §12.3. A stream that is a shard does not pass: this version takes whole \
            models only.

            Exit code 0 means that every verdict is a pass or waived, 1 that one is not.

              tamis conformance encoder --command 'python3 my_encoder.py {input} {output}'
              tamis conformance encoder --command 'tamis encode {input} -o {output} --quality 30' model.onnx
            """)

    @Option(parsing: .unconditional, help: ArgumentHelp("The encoder: a program and its arguments, with {input} and {output}.", valueName: "command"))
    var command: String

    @Argument(help: ArgumentHelp("Models to encode (default: the sources of the manifest).", valueName: "model"), completion: .file(extensions: ["onnx", "safetensors"]))
    var models: [String] = []

    @OptionGroup var options: ConformanceOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var reporting: VerdictReportOptions

    /// A model to be encoded.
    private struct Case: Sendable {
        let id: String
        let path: String
    }

    func run() throws {
        let template = try CommandTemplate(command, places: ["input", "output"])
        let waivers = try options.readWaivers(of: Verdict.ofEncoders)
        let (cases, known) = try cases
        let bar = ProgressBar("encoding", total: UInt64(cases.count), isQuiet: reporting.quiet)
        let done = Atomic<UInt64>(0)
        let examined = try parallelMap(cases.count, threads: threads.count) { _, place in
            let result = Result { try examine(cases[place], template) }
            bar?.update(done.wrappingAdd(1, ordering: .relaxed).newValue)
            return result
        }
        bar?.clear()
        let results = waivers.applied(to: try examined.map { try $0.get() }, known: known)
        try options.writeJUnit(results, name: command)
        let report = VerdictReport(results, command: command)
        if reporting.json {
            try StandardOutput.text(report.json(of: "models").text + "\n")
        } else if !reporting.quiet {
            try StandardOutput.text(Self.sizes(results) + "\n" + report.text(showsAll: reporting.verbose))
        }
        if !report.isSuccess { throw ExitCode(ExitStatus.difference.rawValue) }
    }

    /// What is to be encoded, and all ids that waivers may name.
    private var cases: (cases: [Case], known: Set<String>) {
        get throws {
            if !models.isEmpty {
                // A name alone, unless two models share it.
                let names = models.map(FilePath.name)
                let cases = zip(models, names).map { path, name in Case(id: names.count { $0 == name } == 1 ? name : path, path: path) }
                return (cases, Set(cases.map(\.id)))
            }
            let manifest = try options.readManifest()
            if manifest.sources.isEmpty { throw ValidationError("\(options.manifest.printable) has no sources; name models to encode") }
            for source in manifest.sources { try options.check(source.file, sha256: source.sha256) }
            return (manifest.sources.map { Case(id: $0.id, path: options.path(of: $0.file)) }, Set(manifest.sources.map(\.id)))
        }
    }

    private func examine(_ model: Case, _ template: CommandTemplate) throws -> CaseResult {
        let source = try Self.open(model.path, rewritesVarints: false)
        let rewritten = try Self.open(model.path, rewritesVarints: true)
        defer { withExtendedLifetime((source, rewritten)) {} }
        let folder = try ScratchFolder()
        defer { withExtendedLifetime(folder) {} }
        let output = folder.path + "/model.tamis"
        let outcome = ProcessUnderTest.run(template.filled(["input": model.path, "output": output]), timeLimit: options.timeout)
        try ConformanceOptions.requireStarted(outcome, template.words)
        func result(_ verdict: Verdict, _ found: String) -> CaseResult {
            CaseResult(
                id: model.id, group: "encoder", verdict: verdict, expected: "a valid stream of the model", found: found, seconds: outcome.seconds,
                peakBytes: outcome.peakBytes)
        }
        if let failure = outcome.failure(timeLimit: options.timeout) { return result(failure.verdict, failure.found) }
        if case .exited(let status) = outcome.ending, status != 0 { return result(.encoderFailed, outcome.described("exit code \(status)")) }
        let stream: InputFile
        do throws(TamisError) { stream = try InputFile(output, limit: Limits.pipeBytes) } catch {
            return result(.encoderFailed, "exit code 0, but there is no output: \(error.message)")
        }
        let check = try EncoderCheck(
            stream, source: source, namesLeftAlone: try Self.names(in: source), rewritten: rewritten.rewrittenTensors.isEmpty ? nil : rewritten, threads: ThreadCount(models.count == 1 ? 0 : 1))
        var examined = result(check.verdict, check.found)
        examined.details = check.figures.map(\.members) ?? []
        return examined
    }

    /// All names of tensors in the model, coded or not.
    private static func names(in model: ModelFiles) throws(TamisError) -> [String] {
        model.source.format == "onnx" ? try ONNXModel.summarize(model.bytes.asRead(0)).tensors.map(\.name) : []
    }

    private static func open(_ path: String, rewritesVarints: Bool) throws(TamisError) -> ModelFiles {
        try ModelFiles(
            try InputFile(path, limit: Limits.pipeBytes), path: path, storedName: StoredName.of(path: path), rewritesVarints: rewritesVarints)
    }

    /// What each encoding has made of its model.
    private static func sizes(_ results: [CaseResult]) -> String {
        var table = TextTable([
            ("model", .left), ("bytes", .right), ("encoded", .right), ("ratio", .right), ("bits/weight", .right), ("level", .right), ("tensors", .right),
            ("changed", .right), ("time", .right), ("verdict", .left),
        ])
        for result in results {
            let values = JSON.object(result.details)
            func count(_ key: String) -> String { values[key]?.unsigned.map(Decimal.grouped) ?? "" }
            func number(_ key: String) -> String { values[key]?.number.map { Decimal.fixed($0, 2) } ?? "" }
            table.add([
                result.id, count("source_bytes"), count("stream_bytes"), number("ratio"), number("bits_per_weight"), count("level"), count("tensors"), count("changed"),
                VerdictReport.seconds(result.seconds), result.verdict.namedWords,
            ])
        }
        return table.text
    }
}

extension EncoderCheck.Figures {
    fileprivate var members: [JSON.Member] {
        [
            JSON.Member("source_bytes", .integer(sourceBytes)), JSON.Member("stream_bytes", .integer(streamBytes)), JSON.Member("ratio", .real(ratio)),
            JSON.Member("bits_per_weight", bitsPerWeight.map(JSON.real) ?? .null), JSON.Member("level", .integer(level)),
            JSON.Member("tensors", .integer(tensorCount)), JSON.Member("changed", .integer(changedCount)),
        ]
    }
}
