import ArgumentParser
import TamisDecoder

struct MemoryOptions: ParsableArguments {
    @Option(
        name: [.customShort("M", allowingJoined: true), .long],
        help: ArgumentHelp(
            "Refuse files that decode to more bytes than this: a number, optionally with K, M or G for multiples of 1024 (default: 4G for what is held in memory, 16384G for what is written as it is decoded).",
            valueName: "limit"))
    var memory: ByteCount?

    /// For files that are written as they are decoded, which takes memory for the largest tensor.
    var streamingLimits: Limits {
        var limits = Limits.streaming
        if let memory {
            limits.outputBytes = memory.value
            limits.tensorBytes = min(limits.tensorBytes, memory.value)
            limits.skeletonBytes = min(limits.skeletonBytes, memory.value)
        }
        return limits
    }

    /// For files that are held in memory.
    var limits: Limits { .commandLine(outputBytes: memory?.value ?? Limits.standard.outputBytes) }
}
