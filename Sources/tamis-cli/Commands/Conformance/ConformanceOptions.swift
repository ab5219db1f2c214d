import ArgumentParser
import Tamis
import TamisConformance
import TamisDigest

/// What the tests of decoders and of encoders have in common.
struct ConformanceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The list of the kit's files.", valueName: "path"), completion: .file(extensions: ["json"]))
    var manifest = "Conformance/manifest.json"

    @Option(parsing: .unconditional, help: ArgumentHelp("End the command after this time, with all it has started.", valueName: "seconds"))
    var timeout = 20.0

    @Option(
        help: ArgumentHelp("File of failures that are expected, one a line: id, verdict (the word that results have in parentheses, or their only one), # and a reason. What it says must be so.", valueName: "file"),
        completion: .file())
    var waivers: String?

    @Option(help: ArgumentHelp("Write the results here, too, in the XML of JUnit.", valueName: "file"), completion: .file(extensions: ["xml"]))
    var junit: String?

    func validate() throws {
        if !(timeout > 0 && timeout <= 86400) { throw ValidationError("--timeout is \(Decimal.shortest(timeout)), expected more than 0 and at most 86400 seconds") }
    }

    func readManifest() throws(TamisError) -> Manifest {
        do throws(TamisError) {
            return try InputFile(manifest, limit: Limits.pipeBytes).withView { (bytes) throws(TamisError) in try Manifest(bytes.array, file: manifest) }
        } catch {
            var error = error
            if error.code == .noInput { error.advice = "run it in a clone of the repository, or name the kit's manifest with --manifest" }
            throw error
        }
    }

    /// - Parameter verdicts: what may be waived.
    func readWaivers(of verdicts: [Verdict]) throws(TamisError) -> Waivers {
        guard let waivers else { return Waivers() }
        return try InputFile(waivers, limit: Limits.pipeBytes).withView { (bytes) throws(TamisError) in try Waivers(bytes.array, file: waivers, of: verdicts) }
    }

    /// The path of a file of the kit.
    func path(of file: String) -> String { FilePath.sibling(of: manifest, named: file) }

    /// Refuses a file of the kit that is not as it was.
    func check(_ file: String, sha256 expected: String) throws(TamisError) {
        let path = path(of: file)
        let found = try InputFile(path, limit: Limits.pipeBytes).withView { (bytes) throws(TamisError) in SHA256.of(bytes.buffer) }
        if Hexadecimal.text(found) != expected {
            throw TamisError(
                .fileDigest, "its SHA-256 is \(Hexadecimal.text(found)), the manifest has \(expected)", file: path, advice: "fetch the kit again, or generate it")
        }
    }

    /// Writes the file for build servers, if it is asked for.
    func writeJUnit(_ results: [CaseResult], name: String) throws(TamisError) {
        guard let junit else { return }
        try ByteView.of(Array(JUnitReport.text(results, name: name).utf8)) { (bytes) throws(TamisError) in
            try Destination(junit, overwrite: true).write(inputs: []) { (sink) throws(TamisError) in try sink(bytes) }
        }
    }

    /// Refuses a command that could not be started, which says nothing about what it would have done.
    static func requireStarted(_ outcome: ProcessOutcome, _ words: [String]) throws(TamisError) {
        if case .notStarted(let reason) = outcome.ending {
            throw TamisError(.noInput, "the command cannot be started: \(reason)", file: words.first, advice: "give --command a program that exists, or a path to it")
        }
    }
}
