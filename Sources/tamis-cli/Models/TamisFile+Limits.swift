import Tamis
import TamisFiles

extension TamisFile {
    /// Syntax elements whose limits are bytes of output, which `--memory` sets.
    private static let elementsOfOutput: Set<String> = ["dimension", "skeleton_bytes"]

    /// Opens the stream in `input`; what a refusal by a limit advises can be done at the command.
    ///
    /// - Parameter memory: nil for a command that decodes nothing, and so has no such option.
    static func open(_ input: InputFile, memory: MemoryOptions?, access: Access = .sequential) throws(TamisError) -> TamisFile {
        do throws(TamisError) {
            return try TamisFile(input, limits: memory?.limits ?? .inspection, access: access)
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
