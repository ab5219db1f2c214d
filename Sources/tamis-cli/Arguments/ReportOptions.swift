import ArgumentParser

/// How much a command says, and for whom; every command has these.
struct ReportOptions: ParsableArguments {
    @Flag(help: "Print the report as JSON on standard output.")
    var json = false

    @Flag(name: [.short, .long], help: "Say nothing but errors; the exit code tells the result.")
    var quiet = false

    @Flag(name: [.short, .long], help: "Say more: tensors, or digests where tensors are listed anyway.")
    var verbose = false

    func validate() throws {
        if quiet && verbose { throw ValidationError("--quiet and --verbose contradict each other; give one of them") }
        if json && verbose { throw ValidationError("--json already holds all that --verbose adds; give one of them") }
        if json && quiet { throw ValidationError("--json asks for a report and --quiet for none; give one of them") }
    }
}
