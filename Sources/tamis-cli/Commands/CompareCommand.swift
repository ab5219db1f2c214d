import ArgumentParser
import Tamis
import TamisDigest
import TamisFiles

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Measure how far two models are from each other.",
        discussion: """
            Each file may be an ONNX or safetensors model or a .tamis file, which is decoded. The distance is the signal-to-noise ratio in \
            decibels, 10 log10(sum of a² / sum of (a − b)²), over all floating-point tensors of two or more dimensions together: \
            6 dB more halve the error. With statistics of the layers' inputs, the same is told of the outputs of each \
            layer, for the inputs that were measured. Exit code 0 means that the files of the models are identical, 1 that they differ.

              tamis compare model.onnx model.tamis
              tamis compare model.onnx model.tamis --statistics model.safetensors
            """)

    @Argument(help: ArgumentHelp("The model to measure from, or - for standard input.", valueName: "a"), completion: .file())
    var first: String

    @Argument(help: ArgumentHelp("The model to measure.", valueName: "b"), completion: .file())
    var second: String

    @Option(
        help: ArgumentHelp("Safetensors file with second moments of the layers' inputs: tells the error of the layers' outputs, too.", valueName: "file"),
        completion: .file(extensions: ["safetensors"]))
    var statistics: String?

    @OptionGroup var memory: MemoryOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var reporting: ReportOptions

    func validate() throws {
        if [first, second, statistics].count(where: { $0 == FilePath.pipe }) > 1 {
            throw ValidationError("standard input can be read once only; name a file for all but one of the models and --statistics")
        }
    }

    func run() throws {
        let measured = try statistics.map { (path) throws(TamisError) in try LoadedStatistics(path) }
        // What was measured is in the memory of the file.
        defer { withExtendedLifetime(measured) {} }
        let a = try ModelFiles.load(first, memory: memory, threads: threads.count, isQuiet: reporting.quiet)
        let b = try ModelFiles.load(second, memory: memory, threads: threads.count, isQuiet: reporting.quiet)
        let distance = try ModelDistance(a, b, threads: threads.count)
        let outputs = try measured.map { (measured) throws(TamisError) in
            try measured.content.requireFit(a.source)
            return try OutputDistance(a, b, measured.content, threads: threads.count)
        }
        let report = DistanceReport(distance, outputs)
        if reporting.json {
            try StandardOutput.text(JSONValue.object(report.members).text)
        } else if !reporting.quiet {
            if reporting.verbose { try StandardOutput.text(digest(of: a) + digest(of: b) + "\n") }
            try StandardOutput.text((distance.isIdentical ? "" : report.table + "\n") + report.verdict)
        }
        if !distance.isIdentical { throw ExitCode(ExitStatus.difference.rawValue) }
    }

    private func digest(of model: ModelFiles) -> String {
        defer { withExtendedLifetime(model) {} }
        return zip(model.source.files, model.bytes.files).enumerated().map { number, file in
            let name = number == 0 ? "\(model.name.printable), as \(model.source.format)" : "  \(file.0.name.printable)"
            return "\(name) \(Decimal.grouped(UInt64(file.1.count))) bytes, sha256 \(Hexadecimal.text(SHA256.of(file.1.buffer)))\n"
        }.joined()
    }
}
