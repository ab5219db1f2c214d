import Tamis
import TamisFiles

extension TamisFile {
    /// Syntax elements whose limits are bytes of output, which `--memory` sets.
    private static let elementsOfOutput: Set<String> = ["dimension", "skeleton_bytes"]

    /// Opens the stream in `input`; what a refusal by a limit advises can be done at the command.
    ///
    /// - Parameters:
    ///   - memory: nil for a command that decodes nothing, and so has no such option.
    ///   - isStreamed: what is decoded does not stay in memory.
    static func open(
        _ input: InputFile, memory: MemoryOptions?, isStreamed: Bool = false, access: Access = .sequential
    ) throws(TamisError) -> TamisFile {
        do throws(TamisError) {
            let limits = memory.map { isStreamed ? $0.streamingLimits : $0.limits } ?? .inspection
            return try TamisFile(input, limits: limits, access: access) { input.release($0) }
        } catch {
            var error = error
            if error.code == .limitExceeded {
                let isOutput = error.element.map { elementsOfOutput.contains($0) } ?? false
                error.advice = isOutput && memory != nil ? "raise the limit with --memory if you trust the file" : nil
            }
            throw error
        }
    }
}
