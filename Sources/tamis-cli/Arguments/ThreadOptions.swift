import ArgumentParser
import TamisThreads

struct ThreadOptions: ParsableArguments {
    @Option(
        name: [.customShort("T", allowingJoined: true), .long],
        help: ArgumentHelp("Work on that many threads; 0 means one per processor. The result does not depend on it.", valueName: "n"))
    var threads = 0

    func validate() throws {
        if !(0...1024).contains(threads) { throw ValidationError("--threads is \(threads), expected 0 to 1024") }
    }

    var count: ThreadCount { ThreadCount(threads) }
}
