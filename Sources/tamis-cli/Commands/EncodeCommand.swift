import ArgumentParser
import Tamis
import TamisFiles
import TamisRecipes

struct EncodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode",
        abstract: "Compress an ONNX or safetensors model into a .tamis file.",
        discussion: """
            Weights (float32, float16, bfloat16) are rounded as coarsely as the quality allows and then coded without further loss; \
            the graph and everything else is kept bit by bit. Files that an ONNX model names as places of its data are read and \
            kept, too, if they are in the model's folder. The result does not depend on the machine or the number of threads: it is the same for the same \
            version of tamis and of libzstd, which 'tamis inspect' tells.

              tamis encode model.onnx                     makes model.tamis
              tamis encode model.onnx --dry-run -v        only tells what would come out
              tamis encode model.onnx --target-size 1.5M  as close as fits into 1.5 MiB
              tamis encode model.onnx --exclude 'head.*'  keeps these tensors bit-exact
              tamis encode model.onnx --lossless          keeps all bits: the same file comes back
              tamis encode model.safetensors              or the model.safetensors.index.json of several
              tamis encode model.onnx --recipe fine.yaml  takes settings from a file
              tamis encode model.onnx --shard 1/4         a quarter, for 'tamis merge'

            Quantizers as fine as the target says:

              midtread, midrise, deadzone,delta=0.4  uniform: 0.5 rounds to nearest
              rdoq                                   rounds with a view to the bits
              trellis,states=64                      8 to 256 states
              mu-law,mu=255,range=1                  finer near zero

            and with a fineness of their own:

              mu-law,levels=256                      as above, with so many levels
              half, minifloat,e=4,m=3                floating-point numbers
              symmetric,bits=8                       integers, zero in the middle
              affine,bits=8,calibration=mse          or minmax, or percentile
              codebook,levels=32                     k-means centroids
              exact                                  kept bit by bit
            """)

    @Argument(
        help: ArgumentHelp("The model (.onnx, .safetensors or .safetensors.index.json), or - for standard input.", valueName: "model"),
        completion: .file(extensions: ["onnx", "safetensors", "json"]))
    var input: String

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Where to write, - for standard output (default: the input's name, ending in .tamis).", valueName: "file"),
        completion: .file(extensions: ["tamis"]))
    var output: String?

    @Flag(name: [.short, .long], help: "Replace the output if it exists.")
    var force = false

    @Flag(help: "Do all the work and print what would come out, but write nothing.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "Code only part i of n, as 1/4 … 4/4, elsewhere or at the same time as the others; 'tamis merge' makes of all n what is made without this. With --quality or --snr, a model of up to 64 MiB is coded whole all the same, to see how close it comes (default output: the input's name, ending in .shard-i-of-n.tamis).",
            valueName: "i/n"))
    var shard: Shard?

    @OptionGroup(title: "How close") var quality: QualityOptions
    @OptionGroup(title: "Which way, tensor by tensor") var quantizers: QuantizerOptions
    @OptionGroup(title: "What errors do to outputs") var feedback: FeedbackOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var reporting: ReportOptions

    func validate() throws {
        if dryRun && output != nil { throw ValidationError("--dry-run writes nothing, so --output contradicts it; give one of them") }
        if dryRun && force { throw ValidationError("--dry-run writes nothing, so --force contradicts it; give one of them") }
        if let word = quality.targetSize.map({ _ in "--target-size" }) ?? quality.bitsPerWeight.map({ _ in "--bits-per-weight" }), shard != nil {
            throw ValidationError("\(word) is about the whole file, of which --shard makes a part; give --quality, --snr, --step or --lossless with --shard")
        }
        if [input, quantizers.recipe, quantizers.sensitivity, feedback.statistics].count(where: { $0 == FilePath.pipe }) > 1 {
            throw ValidationError("standard input can be read once only; name a file for all but one of model, --recipe, --sensitivity and --statistics")
        }
        if reporting.json, case .standardOutput = destination {
            throw ValidationError("--json and the file itself cannot both go to standard output; give a file with --output")
        }
    }

    func run() throws {
        let plan = try plan
        // The options refer to the bytes of a file that the plan holds.
        defer { withExtendedLifetime(plan) {} }
        let file = try InputFile(input, limit: Limits.pipeBytes)
        let model = try ModelFiles(file, path: input, storedName: storedName(file), rewritesVarints: plan.options.target != .lossless)
        defer { withExtendedLifetime(model) {} }
        var summary: StreamSummary?
        var done: EncodingReport?
        do throws(TamisError) {
            let source = model.source
            try plan.requireFit(source)
            warnOfIdleWords(plan, source)
            warnOfWhatStays(model)
            let elements = source.tensors.reduce(0) { $0 + $1.shape.elementCount }
            let bar = ProgressBar("encoding", total: elements, isQuiet: reporting.quiet)
            defer { bar?.clear() }
            try destination.write(inputs: model.identities + plan.identities) { (stream, giveBack) throws(TamisError) in
                summary = try StreamSummary(of: stream, limits: .inspection, givingBack: giveBack)
            } producing: { (sink) throws(TamisError) in
                done = try withoutActuallyEscaping(sink) { (sink) throws(TamisError) in
                    try Tamis.encode(source, in: model.bytes, options: plan.options, threads: threads.count, progress: { bar?.update($0) }, to: sink)
                }
            }
        } catch {
            throw error.inFile(model.name)
        }
        if let summary, let done {
            if !reporting.quiet {
                let missed = shard == nil ? plan.missedWords(done) : nil
                for words in [plan.boundWords(done), missed].compactMap({ $0 }) { Diagnostics.warn(words.printable) }
            }
            try report(StreamReport(summary), done)
        }
    }

    private var destination: Destination { dryRun ? .nowhere : plannedDestination }

    private var plannedDestination: Destination {
        if let output { return Destination(output, overwrite: force) }
        if input == FilePath.pipe { return .standardOutput }
        let ending = (shard.map { "shard-\($0.number + 1)-of-\($0.count)." } ?? "") + "tamis"
        return .file(FilePath.replacingExtensions(of: input, with: ending), overwrite: force)
    }

    /// The name that the decoded file is to have.
    private func storedName(_ file: InputFile) -> String {
        input == FilePath.pipe ? StoredName.of(file.view) : StoredName.of(path: input)
    }

    /// What all the words, the recipe, the sensitivities and the statistics ask for together.
    private var plan: EncodingPlan {
        get throws(TamisError) {
            var flags = Recipe()
            quality.fill(&flags)
            quantizers.fill(&flags)
            feedback.fill(&flags)
            return try EncodingPlan(flags, recipe: quantizers.recipe, sensitivity: quantizers.sensitivity, statistics: feedback.statistics, shard: shard)
        }
    }

    private func warnOfIdleWords(_ plan: EncodingPlan, _ source: SourceModel) {
        if reporting.quiet { return }
        for words in plan.idleWords(source) { Diagnostics.warn(words) }
    }

    /// Says what is read besides the model, and what will not be as it was.
    private func warnOfWhatStays(_ model: ModelFiles) {
        if reporting.quiet { return }
        let sides = model.sideFileNames
        if !sides.isEmpty {
            let names = sides.prefix(3).joined(separator: ", ") + (sides.count > 3 ? ", …" : "")
            Diagnostics.note("with \(sides.count) file\(sides.count == 1 ? "" : "s") beside the model: \(names)".printable)
        }
        let rewritten = model.rewrittenTensors
        if !rewritten.isEmpty {
            let names = rewritten.prefix(3).joined(separator: ", ") + (rewritten.count > 3 ? ", …" : "")
            Diagnostics.note(
                "\(rewritten.count) tensor\(rewritten.count == 1 ? "" : "s") stored as a list of integers (int32_data) will come back as raw bytes (raw_data), with the same meaning: \(names)"
                    .printable)
        }
    }

    private func report(_ report: StreamReport, _ done: EncodingReport) throws {
        let figures = AchievedFigures(done, of: shard)
        if reporting.json {
            let places: [(key: String, value: JSONValue)] = [
                ("input", .string(input)), ("output", JSONValue(destination.path)), ("dry_run", .bool(dryRun)),
            ]
            return try StandardOutput.text(JSONValue.object(places + figures.members + report.members).text)
        }
        if reporting.quiet { return }
        let reasons = Dictionary(done.exactTensors.map { ($0.name, $0.reason) }) { first, _ in first }
        var text = reporting.verbose ? report.table(reasons: reasons) + "\n" : ""
        text += report.sizes(from: FilePath.name(input), to: FilePath.name(plannedDestination.name)) + figures.words
        text += (dryRun ? "; nothing written" : "") + "\n"
        // Standard output is the file's.
        if case .standardOutput = destination { Diagnostics.write(text) } else { try StandardOutput.text(text) }
    }
}
