import Tamis

extension TamisFile {
    /// As `decode(threads:verifiesFile:progress:)`, while a bar on the terminal shows how far it is.
    func decode(threads: ThreadCount, verifiesFile: Bool = true, isQuiet: Bool) throws(TamisError) -> [UInt8] {
        let bar = ProgressBar("decoding", total: tensors.reduce(0) { $0 + $1.shape.elementCount }, isQuiet: isQuiet)
        defer { bar?.clear() }
        return try decode(threads: threads, verifiesFile: verifiesFile, progress: { bar?.update($0) })
    }
}
