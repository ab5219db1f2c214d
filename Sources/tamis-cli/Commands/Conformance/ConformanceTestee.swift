import ArgumentParser
import Tamis
import TamisConformance

struct ConformanceTestee: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "testee",
        abstract: "Answer as a decoder under test: what a stream decodes to, as JSON.",
        discussion: """
            Prints one JSON object with the names, sizes and SHA-256 of files and tensors, or with the error, and ends with 0, 65, \
            69 or 77: the protocol that 'tamis conformance decoder' speaks.

              tamis conformance testee model.tamis
              tamis conformance decoder --command 'tamis conformance testee {input}'
            """)

    @Argument(help: ArgumentHelp("The .tamis file, or - for standard input.", valueName: "file.tamis"), completion: .file(extensions: ["tamis"]))
    var input: String

    @OptionGroup var memory: MemoryOptions
    @OptionGroup var threads: ThreadOptions

    func run() throws {
        let input = try InputFile(input, limit: Limits.pipeBytes)
        defer { withExtendedLifetime(input) {} }
        let validation: StreamValidation
        do throws(TamisError) {
            validation = try StreamValidation(input.view, limits: memory.streamingLimits, threads: threads.count) { input.release($0) }
        } catch {
            throw error.inFile(input.name)
        }
        switch validation.outcome {
        case .sound(let soundness): try StandardOutput.text(JSON.object(soundness.content.members).text + "\n")
        case .refused(let violation):
            try StandardOutput.text(JSON.object([JSON.Member("error", violation.refusal.json)]).text + "\n")
            Diagnostics.write("tamis: error: \(input.name.printable): \(violation.text.printable)\n")
            throw ExitCode(violation.refusal.family.exitCode)
        }
    }
}
