import ArgumentParser
import TamisDecoder

struct MemoryOptions: ParsableArguments {
    @Option(
        name: [.customShort("M", allowingJoined: true), .long],
        help: ArgumentHelp(
            "Refuse files that decode to more bytes than this: a number, optionally with K, M or G for multiples of 1024 (default: 4G).",
            valueName: "limit"))
    var memory: ByteCount?

    var limits: Limits { .commandLine(outputBytes: memory?.value ?? Limits.standard.outputBytes) }
}
