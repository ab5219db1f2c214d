import ArgumentParser
import Tamis
import TamisDigest
import TamisFiles

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a .tamis file to the last bit, without writing anything.",
        discussion: """
            Decodes the whole file and checks every checksum and digest on the way. With --against, the decoded model \
            is also measured against another one, usually the one it was made from; exit code 1 then means that the two are not \
            identical, which is as it should be unless everything was kept bit-exact. Of a shard of a model, its own tensors are checked.

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
        let file = try TamisFile.open(input, memory: memory, isStreamed: against == nil, takesShards: against == nil)
        let summary = try file.summary()
        guard let against else {
            try check(file, summary)
            return try report(file, summary, nil)
        }
        let own = try ModelFiles(decoded: file.decodeFiles(threads: threads.count, isQuiet: reporting.quiet), names: file.fileNames, of: input.name)
        let other = try ModelFiles.load(against, memory: memory, threads: threads.count, isQuiet: reporting.quiet)
        // Measured from the other model, which is taken for the original.
        let distance = try ModelDistance(other, own, threads: threads.count)
        let isSource =
            other.bytes.files.count == summary.sources.count && zip(other.bytes.files, summary.sources).allSatisfy { SHA256.of($0.buffer) == $1.sha256 }
        withExtendedLifetime(other) {}
        try report(file, summary, (DistanceReport(distance), other.name, isSource))
        if !distance.isIdentical { throw ExitCode(ExitStatus.difference.rawValue) }
    }

    /// Decodes all files, part by part, or the units of a shard, and drops what comes out.
    private func check(_ file: TamisFile, _ summary: StreamSummary) throws(TamisError) {
        if file.shard != nil {
            let bar = ProgressBar("checking", total: heldBytes(summary), isQuiet: reporting.quiet)
            defer { bar?.clear() }
            return try file.checkUnits(threads: threads.count, progress: { bar?.update($0) })
        }
        let pieces = file.files.enumerated().map { FilePiece.range(file: $0, 0..<$1.byteCount) }
        let bar = ProgressBar("checking", total: pieces.byteCount, isQuiet: reporting.quiet)
        defer { bar?.clear() }
        try file.decode(pieces, threads: threads.count, verifiesFiles: true, bar: bar, after: 0) { (_) throws(TamisError) in }
    }

    /// Decoded bytes of the tensors that a stream holds.
    private func heldBytes(_ summary: StreamSummary) -> UInt64 { summary.tensors.reduce(0) { $0 + ($1.description.byteCount ?? 0) } }

    private func report(
        _ file: TamisFile, _ summary: StreamSummary, _ other: (distance: DistanceReport, name: String, isSource: Bool)?
    ) throws(TamisError) {
        if reporting.quiet { return }
        if reporting.json {
            var members: [(key: String, value: JSONValue)] = [
                ("ok", .bool(true)),
                ("file_bytes", .integer(summary.fileByteCount)),
                ("shard", JSONValue(file.shard)),
                ("decoded_bytes", .integer(file.shard == nil ? file.fileByteCounts.reduce(0, +) : heldBytes(summary))),
                ("units", .integer(UInt64(file.unitCount))),
                ("tensor_count", .integer(UInt64(summary.tensors.count))),
                ("source_sha256", JSONValue(summary.sources.first.map { Hexadecimal.text($0.sha256) })),
                ("decoded_sha256", JSONValue(summary.sources.first?.decodedDigest)),
            ]
            if let other {
                members.append(("against", .object([("file", .string(other.name)), ("is_source", .bool(other.isSource))] + other.distance.members)))
            }
            return try StandardOutput.text(JSONValue.object(members).text)
        }
        var text = """
            sound: checksums of \(file.unitCount) units and the hash over them, \(file.tensors.count.counted("tensor")), \
            SHA-256 of \(file.fileNames.joined(separator: ", ").printable) (\(Decimal.grouped(file.fileByteCounts.reduce(0, +))) bytes)\n
            """
        if let shard = file.shard {
            text = """
                sound: checksums of \(file.unitCount) units and the hash over them, \(summary.tensors.count) of \(file.tensors.count.counted("tensor")); \
                only shard \(shard) of the model, whose files can be checked once 'tamis merge' has put it together\n
                """
        }
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
