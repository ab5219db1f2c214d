import ArgumentParser
import Tamis
import TamisDigest
import TamisFiles

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Measure how far two models are from each other.",
        discussion: """
            Each file may be an ONNX model or a .tamis file, which is decoded. The distance is the signal-to-noise ratio in \
            decibels, 10 log10(sum of a² / sum of (a − b)²), over all floating-point tensors of two or more dimensions together: \
            6 dB more halve the error. Exit code 0 means the ONNX files are identical, 1 that they differ.

              tamis compare model.onnx model.tamis
            """)

    @Argument(help: ArgumentHelp("The model to measure from, or - for standard input.", valueName: "a"), completion: .file())
    var first: String

    @Argument(help: ArgumentHelp("The model to measure.", valueName: "b"), completion: .file())
    var second: String

    @OptionGroup var memory: MemoryOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var reporting: ReportOptions

    func validate() throws {
        if first == FilePath.pipe && second == FilePath.pipe {
            throw ValidationError("standard input can be read once only; name a file for one of the two")
        }
    }

    func run() throws {
        let a = try LoadedModel(first, memory: memory, threads: threads.count, isQuiet: reporting.quiet)
        let b = try LoadedModel(second, memory: memory, threads: threads.count, isQuiet: reporting.quiet)
        let distance = try ModelDistance(a, b, threads: threads.count)
        let report = DistanceReport(distance)
        if reporting.json {
            try StandardOutput.text(JSONValue.object(report.members).text)
        } else if !reporting.quiet {
            if reporting.verbose { try StandardOutput.text(try digest(of: a) + digest(of: b) + "\n") }
            try StandardOutput.text((distance.isIdentical ? "" : report.table + "\n") + report.verdict)
        }
        if !distance.isIdentical { throw ExitCode(ExitStatus.difference.rawValue) }
    }

    private func digest(of model: LoadedModel) throws(TamisError) -> String {
        try model.withBytes { (bytes) throws(TamisError) in
            "\(model.name.printable), as ONNX \(Decimal.grouped(UInt64(bytes.count))) bytes, sha256 \(Hexadecimal.text(SHA256.of(bytes.buffer)))\n"
        }
    }
}
