import ArgumentParser
import Tamis
import TamisDigest
import TamisFiles

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a .tamis file to the last bit, without writing anything.",
        discussion: """
            Decodes the whole file in memory and checks every checksum and digest on the way. With --against, the decoded model \
            is also measured against another one, usually the one it was made from; exit code 1 then means that the two are not \
            identical, which is as it should be unless everything was kept bit-exact.

              tamis verify model.tamis
              tamis verify model.tamis --against model.onnx
            """)

    @Argument(help: ArgumentHelp("The .tamis file, or - for standard input.", valueName: "file.tamis"), completion: .file(extensions: ["tamis"]))
    var input: String

    @Option(help: ArgumentHelp("Measure the distance to this model (.onnx or .tamis).", valueName: "model"), completion: .file())
    var against: String?

    @OptionGroup var memory: MemoryOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var reporting: ReportOptions

    func validate() throws {
        if input == FilePath.pipe && against == FilePath.pipe {
            throw ValidationError("standard input can be read once only; name a file for one of the two")
        }
    }

    func run() throws {
        let input = try InputFile(input, limit: Limits.pipeBytes)
        let file = try TamisFile.open(input, memory: memory)
        let bytes = try file.decodeBuffer(threads: threads.count, isQuiet: reporting.quiet)
        let summary = try file.summary()
        guard let against else { return try report(file, summary, nil) }
        let other = try LoadedModel(against, memory: memory, threads: threads.count, isQuiet: reporting.quiet)
        // Measured from the other model, which is taken for the original.
        let distance = try ModelDistance(other, try LoadedModel(bytes, from: input.name), threads: threads.count)
        let isSource = try other.withBytes { (view) throws(TamisError) in SHA256.of(view.buffer) == summary.sources.first?.sha256 }
        try report(file, summary, (DistanceReport(distance), other.name, isSource))
        if !distance.isIdentical { throw ExitCode(ExitStatus.difference.rawValue) }
    }

    private func report(
        _ file: TamisFile, _ summary: StreamSummary, _ other: (distance: DistanceReport, name: String, isSource: Bool)?
    ) throws(TamisError) {
        if reporting.quiet { return }
        if reporting.json {
            var members: [(key: String, value: JSONValue)] = [
                ("ok", .bool(true)),
                ("file_bytes", .integer(summary.fileByteCount)),
                ("decoded_bytes", .integer(file.fileByteCounts.reduce(0, +))),
                ("units", .integer(UInt64(file.unitCount))),
                ("tensor_count", .integer(UInt64(file.tensors.count))),
                ("source_sha256", JSONValue(summary.sources.first.map { Hexadecimal.text($0.sha256) })),
                ("decoded_sha256", JSONValue(summary.sources.first.map { Hexadecimal.text($0.decodedSHA256) })),
            ]
            if let other {
                members.append(("against", .object([("file", .string(other.name)), ("is_source", .bool(other.isSource))] + other.distance.members)))
            }
            return try StandardOutput.text(JSONValue.object(members).text)
        }
        var text = """
            sound: checksums of \(file.unitCount) units and the hash over them, \(file.tensors.count) tensors, \
            SHA-256 of \(file.fileNames.joined(separator: ", ").printable) (\(Decimal.grouped(file.fileByteCounts.reduce(0, +))) bytes)\n
            """
        if reporting.verbose { text += "\n" + StreamReport(summary).origin(showsDigests: true) }
        if let other {
            let relation = other.isSource ? "the model it was made from" : "not the model it was made from"
            text += "\nagainst \(other.name.printable), \(relation):\n"
            if reporting.verbose { text += other.distance.table }
            text += other.distance.verdict
        }
        try StandardOutput.text(text)
    }
}
