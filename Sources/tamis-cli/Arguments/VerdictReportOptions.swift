import ArgumentParser

/// How much the tests of decoders and encoders say, and for whom.
struct VerdictReportOptions: ParsableArguments {
    @Flag(help: "Print the verdicts as JSON on standard output.")
    var json = false

    @Flag(name: [.short, .long], help: "Say nothing but errors; the exit code tells the result.")
    var quiet = false

    @Flag(name: [.short, .long], help: "List every file with its verdict, time and memory, passes included.")
    var verbose = false

    func validate() throws {
        if quiet && verbose { throw ValidationError("--quiet and --verbose contradict each other; give one of them") }
        if json && verbose { throw ValidationError("--json already holds all that --verbose adds; give one of them") }
        if json && quiet { throw ValidationError("--json asks for a report and --quiet for none; give one of them") }
    }
}
