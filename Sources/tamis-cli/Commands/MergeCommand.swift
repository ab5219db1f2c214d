import ArgumentParser
import Tamis
import TamisFiles

struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Put the shards of a model together into one .tamis file.",
        discussion: """
            Takes what 'tamis encode --shard i/n' made for i from 1 to n, all with the same options, and makes the very file that \
            encoding the model at once makes, byte for byte. Nothing is coded again. Tensors are decoded on the way, to check them \
            and to state what the decoded files must be; that takes the memory and the time of 'tamis verify'.

              tamis encode model.onnx --shard 1/2    on one machine
              tamis encode model.onnx --shard 2/2    on another
              tamis merge model.shard-*.tamis -o model.tamis
            """)

    @Argument(
        help: ArgumentHelp("All the shards, in any order; - for one of them on standard input.", valueName: "shard"), completion: .file(extensions: ["tamis"]))
    var inputs: [String]

    @Option(name: [.short, .long], help: ArgumentHelp("Where to write, - for standard output.", valueName: "file"), completion: .file(extensions: ["tamis"]))
    var output: String

    @Flag(name: [.short, .long], help: "Replace the output if it exists.")
    var force = false

    @OptionGroup var memory: MemoryOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var reporting: ReportOptions

    func validate() throws {
        if inputs.count(where: { $0 == FilePath.pipe }) > 1 { throw ValidationError("standard input can be read once only; name files for all shards but one") }
        if reporting.json && output == FilePath.pipe {
            throw ValidationError("--json and the file itself cannot both go to standard output; give a file with --output")
        }
    }

    func run() throws {
        let shards = try inputs.map { (path) throws(TamisError) in try InputFile(path, limit: Limits.pipeBytes) }
        var summary: StreamSummary?
        try Destination(output, overwrite: force).write(inputs: shards.compactMap(\.identity)) { (stream, giveBack) throws(TamisError) in
            summary = try StreamSummary(of: stream, limits: .inspection, givingBack: giveBack)
        } producing: { (sink) throws(TamisError) in
            let total = try decodedBytes(shards)
            let bar = ProgressBar("merging", total: total, isQuiet: reporting.quiet)
            defer { bar?.clear() }
            try withoutActuallyEscaping(sink) { (sink) throws(TamisError) in
                try Tamis.merge(shards, limits: memory.streamingLimits, threads: threads.count, progress: { bar?.update($0) }, to: sink)
            }
        }
        if let summary { try report(StreamReport(summary), summary) }
    }

    /// Bytes of the files that the first shard is a part of.
    private func decodedBytes(_ shards: [InputFile]) throws(TamisError) -> UInt64 {
        guard let first = shards.first else { return 0 }
        return try TamisFile(first, limits: memory.streamingLimits, access: .random, takesShards: true).fileByteCounts.reduce(0, +)
    }

    private func report(_ report: StreamReport, _ summary: StreamSummary) throws {
        if reporting.quiet { return }
        let inputNames = inputs.map { JSONValue.string($0) }
        if reporting.json {
            let places: [(key: String, value: JSONValue)] = [("inputs", .array(inputNames)), ("output", .string(output))]
            return try StandardOutput.text(JSONValue.object(places + report.members).text)
        }
        let target = output == FilePath.pipe ? "standard output" : FilePath.name(output)
        var text = reporting.verbose ? report.table() + "\n" : ""
        text += report.sizes(from: summary.sources.first?.fileName ?? "", to: target) + ", from \(inputs.count) shard\(inputs.count == 1 ? "" : "s")\n"
        if output == FilePath.pipe { Diagnostics.write(text) } else { try StandardOutput.text(text) }
    }
}
