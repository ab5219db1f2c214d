import Tamis
import TamisFiles

extension TamisFile {
    /// As `decodeBuffer(threads:verifiesFile:progress:)`, while a bar on the terminal shows how far it is.
    func decodeBuffer(threads: ThreadCount, verifiesFile: Bool = true, isQuiet: Bool) throws(TamisError) -> ReservedMemory {
        let bar = ProgressBar("decoding", total: tensors.reduce(0) { $0 + $1.shape.elementCount }, isQuiet: isQuiet)
        defer { bar?.clear() }
        return try decodeBuffer(threads: threads, verifiesFile: verifiesFile, progress: { bar?.update($0) })
    }
}
