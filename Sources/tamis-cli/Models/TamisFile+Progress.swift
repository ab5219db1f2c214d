import Tamis
import TamisFiles

extension TamisFile {
    /// As `decodeFiles(threads:verifiesFiles:progress:)`, while a bar on the terminal shows how far it is.
    func decodeFiles(threads: ThreadCount, isQuiet: Bool) throws(TamisError) -> [ReservedMemory] {
        let bar = ProgressBar("decoding", total: tensors.reduce(0) { $0 + $1.shape.elementCount }, isQuiet: isQuiet)
        defer { bar?.clear() }
        return try decodeFiles(threads: threads, progress: { bar?.update($0) })
    }

    /// As `decode(_:threads:verifiesFiles:progress:to:)`, while a bar on the terminal shows how far it is.
    ///
    /// - Parameter done: bytes of earlier pieces, of `total`.
    func decode(
        _ pieces: [FilePiece], threads: ThreadCount, verifiesFiles: Bool, bar: ProgressBar?, after done: UInt64, to sink: Destination.Sink
    ) throws(TamisError) {
        try decode(pieces, threads: threads, verifiesFiles: verifiesFiles, progress: { bar?.update(done + $0) }, to: sink)
    }
}
