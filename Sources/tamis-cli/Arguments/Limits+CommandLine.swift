import TamisDecoder

extension Limits {
    /// What a person at the keyboard may open: numbers as the largest level has them, and the given bytes of output.
    static func commandLine(outputBytes: UInt64) -> Limits {
        Limits(
            outputBytes: outputBytes, tensorBytes: outputBytes, skeletonBytes: outputBytes, tensors: 1 << 20, holes: 1 << 22, files: 1 << 16,
            topologyBytes: 1 << 28, units: 1 << 21)
    }

    /// For looking at a stream without decoding it, which takes no memory for its tensors.
    static let inspection = commandLine(outputBytes: 1 << 44)

    /// Bytes taken from a pipe.
    static let pipeBytes: UInt64 = 1 << 36
}
