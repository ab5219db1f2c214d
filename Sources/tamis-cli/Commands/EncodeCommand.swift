import ArgumentParser
import Tamis
import TamisFiles
import TamisONNX

struct EncodeCommand: ParsableCommand {
    /// Somewhat below the 65 535 bytes that a stream has for a text.
    private static let maximumProvenanceBytes = 60_000

    static let configuration = CommandConfiguration(
        commandName: "encode",
        abstract: "Compress an ONNX model into a .tamis file.",
        discussion: """
            Weights are rounded as coarsely as the quality allows and then coded without further loss; the graph and everything \
            else is kept bit by bit. The result does not depend on the machine or the number of threads: it is the same for the same \
            version of tamis and of libzstd, which 'tamis inspect' tells.

              tamis encode model.onnx                     makes model.tamis
              tamis encode model.onnx --dry-run -v        only tells what would come out
              tamis encode model.onnx --exclude 'head.*'  keeps these tensors bit-exact
              tamis encode model.onnx --exclude '*'       keeps all tensors bit-exact
            """)

    @Argument(help: ArgumentHelp("The ONNX model, or - for standard input.", valueName: "model.onnx"), completion: .file(extensions: ["onnx"]))
    var input: String

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Where to write, - for standard output (default: the input's name, ending in .tamis).", valueName: "file"),
        completion: .file(extensions: ["tamis"]))
    var output: String?

    @Flag(name: [.short, .long], help: "Replace the output if it exists.")
    var force = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Closeness of the weights, -20 to 120: minus the decibels of all tensors' relative errors added up, not the SNR that compare prints. More is closer and larger; 15 suits most networks (default: 15).", valueName: "dB"))
    var quality: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Round all weights to multiples of this step, in place of a quality.", valueName: "size"))
    var step: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Values up to this many steps from zero become zero, 0 to 1: 0.5 is rounding to nearest, more makes smaller files.", valueName: "delta"))
    var deadzone = 0.5

    @Option(
        name: .customLong("exclude"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Keep the tensors whose names match bit-exact; * stands for any text, ? for one character. Repeatable.", valueName: "glob"))
    var exclusions: [String] = []

    @Flag(help: "Do all the work and print what would come out, but write nothing.")
    var dryRun = false

    @OptionGroup var threads: ThreadOptions
    @OptionGroup var reporting: ReportOptions

    func validate() throws {
        if quality != nil && step != nil {
            throw ValidationError("--quality and --step contradict each other: both say how coarsely to round; give one of them")
        }
        if let quality, !(-20...120).contains(quality) {
            throw ValidationError("--quality is \(Decimal.shortest(quality)), expected -20 to 120 decibels")
        }
        if let step, !(step > 0 && step.isFinite) {
            throw ValidationError("--step is \(Decimal.shortest(step)), expected a positive number")
        }
        if !(0...1).contains(deadzone) { throw ValidationError("--deadzone is \(Decimal.shortest(deadzone)), expected 0 to 1") }
        if dryRun && output != nil { throw ValidationError("--dry-run writes nothing, so --output contradicts it; give one of them") }
        if dryRun && force { throw ValidationError("--dry-run writes nothing, so --force contradicts it; give one of them") }
        if let pattern = exclusions.first(where: { $0.isEmpty || $0.unicodeScalars.contains(where: FilePath.isControl) }) {
            throw ValidationError("--exclude '\(pattern.printable)' is empty or holds a control character")
        }
        if provenance.utf8.count > Self.maximumProvenanceBytes {
            throw ValidationError(
                "the --exclude patterns are too long: the options are kept in the file, as \(provenance.utf8.count) bytes, "
                    + "expected at most \(Self.maximumProvenanceBytes); use * and ? to say the same in fewer patterns")
        }
        if reporting.json, case .standardOutput = destination {
            throw ValidationError("--json and the file itself cannot both go to standard output; give a file with --output")
        }
    }

    func run() throws {
        let input = try InputFile(input, limit: Limits.pipeBytes)
        let options = EncodingOptions(
            target: step.map { .step($0) } ?? .quality(decibels: quality ?? EncodingOptions.defaultQuality), settings: TensorSettings(quantizer: .uniform(deadzone: deadzone)),
            exclusions: exclusions, provenance: provenance)
        var summary: StreamSummary?
        var reasons: [String: String] = [:]
        do throws(TamisError) {
            try input.withView { (bytes) throws(TamisError) in
                if ModelKind(bytes) == .tamis {
                    throw TamisError(.invalidModel, "the file is a .tamis file already, expected an ONNX model", byteOffset: 0, advice: "'tamis inspect' shows what is in it")
                }
                let source = try ONNXModel.scan(bytes)
                warnOfIdleExclusions(source)
                warnOfWhatStays(source)
                let elements = source.tensors.reduce(0) { $0 + $1.shape.elementCount }
                let bar = ProgressBar("encoding", total: elements, isQuiet: reporting.quiet)
                defer { bar?.clear() }
                try destination.write(inputs: [input.identity].compactMap { $0 }) { (stream) throws(TamisError) in
                    summary = try StreamSummary(of: stream, limits: .inspection)
                } producing: { (sink) throws(TamisError) in
                    let done = try withoutActuallyEscaping(sink) { (sink) throws(TamisError) in
                        try Tamis.encode(
                            source, in: bytes, fileName: storedName, options: options, threads: threads.count, progress: { bar?.update($0) }, to: sink)
                    }
                    reasons = Dictionary(done.exactTensors.map { ($0.name, $0.reason) }) { first, _ in first }
                }
            }
        } catch {
            throw error.inFile(input.name)
        }
        if let summary { try report(StreamReport(summary), reasons) }
    }

    private var destination: Destination { dryRun ? .nowhere : plannedDestination }

    private var plannedDestination: Destination {
        if let output { return Destination(output, overwrite: force) }
        if input == FilePath.pipe { return .standardOutput }
        return .file(FilePath.replacingExtension(of: input, with: "tamis"), overwrite: force)
    }

    /// The name that the decoded file is to have.
    private var storedName: String { input == FilePath.pipe ? FilePath.defaultModelName : FilePath.storedName(FilePath.name(input)) }

    /// The options that shape the bytes, in one form whatever the order and form in which they were given.
    private var provenance: String {
        var words = [step.map { "--step \(Decimal.shortest($0))" } ?? "--quality \(Decimal.shortest(quality ?? EncodingOptions.defaultQuality))"]
        if deadzone != 0.5 { words.append("--deadzone \(Decimal.shortest(deadzone))") }
        for pattern in exclusions { words.append("--exclude '\(pattern.unicodeScalars.map { $0 == "'" ? "'\\''" : String($0) }.joined())'") }
        return words.joined(separator: " ")
    }

    private func warnOfIdleExclusions(_ source: SourceModel) {
        if reporting.quiet { return }
        for pattern in exclusions where pattern != "*" {
            let glob = Glob(pattern)
            if !source.tensors.contains(where: { glob.matches($0.name) }) {
                Diagnostics.warn("--exclude '\(pattern)' matches no tensor; 'tamis inspect' lists the names")
            }
        }
    }

    /// Says what a small gain, or a file without its weights, comes from.
    private func warnOfWhatStays(_ source: SourceModel) {
        if reporting.quiet { return }
        if source.externalTensorCount > 0 {
            Diagnostics.warn(
                "\(source.externalTensorCount) tensors lie in other files (external data) and are not in the output; keep those files beside the decoded model")
        }
        let coded = source.tensors.reduce(UInt64(0)) { $0 + $1.shape.elementCount }
        if coded < source.floatElementCount / 2 || coded == 0 {
            Diagnostics.warn("most of the model is not float32 tensors, which are all that this version quantizes; the rest is kept exactly")
        }
    }

    private func report(_ report: StreamReport, _ reasons: [String: String]) throws {
        if reporting.json {
            let places: [(key: String, value: JSONValue)] = [
                ("input", .string(input)), ("output", JSONValue(destination.path)), ("dry_run", .bool(dryRun)),
            ]
            return try StandardOutput.text(JSONValue.object(places + report.members).text)
        }
        if reporting.quiet { return }
        var text = reporting.verbose ? report.table(reasons: reasons) + "\n" : ""
        text += report.sizes(from: FilePath.name(input), to: FilePath.name(plannedDestination.name)) + (dryRun ? "; nothing written" : "") + "\n"
        // Standard output is the file's.
        if case .standardOutput = destination { Diagnostics.write(text) } else { try StandardOutput.text(text) }
    }
}
