import ArgumentParser
import Tamis
import TamisConformance
import TamisSyntax
import TamisThreads

struct ConformanceStream: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream",
        abstract: "Hold streams against every rule of the Spec, and show their elements.",
        discussion: """
            Decodes everything, checks everything, and tells the first rule that is broken: where, what was expected, and the \
            section of the Spec that says so. Exit codes: 65 if a stream is malformed, else 69 if one is unsupported, else 77 if \
            one is beyond a limit.

            With --trace, a line for each element: byte offset (with a b: in the decompressed body of the topology), bytes, \
            structure, element, descriptor and value, up to the element that is wrong, or the codeword or frame.

            A shard of a model is refused as unsupported: this version takes whole models only.

              tamis conformance stream model.tamis
              tamis conformance stream --trace damaged.tamis
              tamis conformance stream --json *.tamis
            """)

    @Argument(help: ArgumentHelp("The streams.", valueName: "file"), completion: .file(extensions: ["tamis"]))
    var files: [String]

    @Flag(help: "Show every element, up to the one that breaks a rule.")
    var trace = false

    @Flag(help: "Print a JSON object for each stream, one a line.")
    var json = false

    @Flag(name: [.short, .long], help: "Say nothing but errors; the exit code tells the result.")
    var quiet = false

    @OptionGroup var memory: MemoryOptions
    @OptionGroup var threads: ThreadOptions

    /// Streams that are looked at side by side before their results are printed.
    private static let batch = 64

    func validate() throws {
        if quiet && json { throw ValidationError("--json asks for a report and --quiet for none; give one of them") }
        if quiet && trace { throw ValidationError("--trace asks for a report and --quiet for none; give one of them") }
    }

    func run() throws {
        var worst: Refusal.Family?
        for start in stride(from: 0, to: files.count, by: Self.batch) {
            let names = files[start..<min(start + Self.batch, files.count)]
            // Threads go to streams; a stream that is alone has them all.
            let inner = ThreadCount(files.count == 1 ? threads.threads : 1)
            let results = try parallelMap(names.count, threads: threads.count) { _, place in
                Result<Examined, TamisError>.catching { () throws(TamisError) in try examine(names[start + place], inner) }
            }
            for result in results {
                let examined = try result.get()
                try StandardOutput.text(examined.text)
                if let family = examined.family { worst = worst.map { Self.worse($0, family) } ?? family }
            }
        }
        if let worst { throw ExitCode(worst.exitCode) }
    }

    private struct Examined: Sendable {
        let text: String
        /// nil if the stream is sound.
        let family: Refusal.Family?
    }

    private func examine(_ name: String, _ threads: ThreadCount) throws(TamisError) -> Examined {
        let input = try InputFile(name, limit: Limits.pipeBytes)
        defer { withExtendedLifetime(input) {} }
        let validation: StreamValidation
        do throws(TamisError) {
            validation = try StreamValidation(input.view, limits: memory.streamingLimits, threads: threads) { input.release($0) }
        } catch {
            throw error.inFile(input.name)
        }
        let elements = trace ? StreamTrace(input.view, until: validation.violation) : nil
        let text = quiet ? "" : json ? Self.json(name, validation, elements) : Self.text(name, validation, elements)
        return Examined(text: text, family: validation.violation?.refusal.family)
    }

    private static func json(_ name: String, _ validation: StreamValidation, _ trace: StreamTrace?) -> String {
        var members = [JSON.Member("file", .string(name))]
        switch validation.outcome {
        case .sound(let soundness): members += [JSON.Member("verdict", .string("valid")), JSON.Member("level", .integer(soundness.level))] + soundness.content.members
        case .refused(let violation): members += [JSON.Member("verdict", .string("refused")), JSON.Member("error", violation.json)]
        }
        if let trace { members.append(JSON.Member("trace", trace.json)) }
        return JSON.object(members).text + "\n"
    }

    private static func text(_ name: String, _ validation: StreamValidation, _ trace: StreamTrace?) -> String {
        let elements = trace.map { $0.text.split(separator: "\n").map { String($0).printable + "\n" }.joined() } ?? ""
        switch validation.outcome {
        case .sound(let soundness):
            let content = soundness.content
            return elements
                + "\(name.printable): valid, level \(soundness.level), \(soundness.unitCount.counted("unit")), \(content.tensors.count.counted("tensor")), \(content.files.count.counted("file")) (\(Decimal.grouped(soundness.decodedBytes)) bytes)\n"
        case .refused(let violation):
            return elements + "\(name.printable): \(violation.refusal.family.rawValue): \(violation.text.printable)\n"
        }
    }

    /// The first in the order of the cases.
    private static func worse(_ a: Refusal.Family, _ b: Refusal.Family) -> Refusal.Family {
        Refusal.Family.allCases.first { $0 == a || $0 == b } ?? a
    }
}

extension Result where Failure == TamisError {
    fileprivate static func catching(_ body: () throws(TamisError) -> Success) -> Result {
        do throws(TamisError) { return .success(try body()) } catch { return .failure(error) }
    }
}
