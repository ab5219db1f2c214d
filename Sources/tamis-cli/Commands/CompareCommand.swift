import ArgumentParser
import Tamis
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

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var memory: MemoryOptions
    @OptionGroup var threads: ThreadOptions
    @Flag(name: [.short, .long], help: "Say nothing but errors; the exit code tells the result.")
    var quiet = false

    func validate() throws {
        if first == FilePath.pipe && second == FilePath.pipe {
            throw ValidationError("standard input can be read once only; name a file for one of the two")
        }
        if json && quiet { throw ValidationError("--json asks for a report and --quiet for none; give one of them") }
    }

    func run() throws {
        let a = try LoadedModel(first, memory: memory, threads: threads.count, isQuiet: quiet)
        let b = try LoadedModel(second, memory: memory, threads: threads.count, isQuiet: quiet)
        let distance = try ModelDistance(a, b, threads: threads.count)
        let report = DistanceReport(distance)
        if json {
            try StandardOutput.text(JSONValue.object(report.members).text)
        } else if !quiet {
            try StandardOutput.text((distance.isIdentical ? "" : report.table + "\n") + report.verdict)
        }
        if !distance.isIdentical { throw ExitCode(ExitStatus.difference.rawValue) }
    }
}
