import Tamis
import TamisFiles

extension TamisFile {
    /// Opens the stream in `input`; what a refusal by a limit advises can be done at the command.
    ///
    /// - Parameters:
    ///   - memory: nil for a command that decodes nothing, and so has no such option.
    ///   - isStreamed: what is decoded does not stay in memory.
    ///   - takesShards: whether a part of a model will do.
    static func open(
        _ input: InputFile, memory: MemoryOptions?, isStreamed: Bool = false, access: Access = .sequential, takesShards: Bool = false
    ) throws(TamisError) -> TamisFile {
        do throws(TamisError) {
            let limits = memory.map { isStreamed ? $0.streamingLimits : $0.limits } ?? .inspection
            return try TamisFile(input, limits: limits, access: access, takesShards: takesShards) { input.release($0) }
        } catch {
            throw error.advisingAboutLimits(hasMemoryOption: memory != nil)
        }
    }
}

extension TamisError {
    /// Syntax elements whose limits are bytes of output, which `--memory` sets.
    private static let elementsOfOutput: Set<String> = ["dimension", "skeleton_bytes"]

    /// The same error; what a refusal by a limit advises can be done at the command.
    func advisingAboutLimits(hasMemoryOption: Bool) -> TamisError {
        var error = self
        // A payload's limit is that of decoding from a pipe.
        if code == .limitExceeded && element != "payload_length" {
            let isOutput = element.map { Self.elementsOfOutput.contains($0) } ?? false
            error.advice = isOutput && hasMemoryOption ? "raise the limit with --memory if you trust the file" : nil
        }
        return error
    }
}
