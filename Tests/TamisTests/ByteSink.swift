import Tamis

/// Collects what a streaming decoder hands on.
final class ByteSink {
    private(set) var bytes: [UInt8] = []
    private(set) var calls = 0

    func take(_ part: ByteView) {
        bytes += part.array
        calls += 1
    }
}

extension TamisFile {
    /// All bytes of the pieces.
    func collected(
        _ pieces: [FilePiece], batchBytes: Int = TamisFile.batchBytes, threads: Int = 1, verifiesFiles: Bool = true,
        progress: (@Sendable (UInt64) -> Void)? = nil
    ) throws(TamisError) -> [UInt8] {
        let sink = ByteSink()
        try decode(pieces, batchBytes: batchBytes, threads: ThreadCount(threads), verifiesFiles: verifiesFiles, progress: progress) { sink.take($0) }
        return sink.bytes
    }

    /// One piece for each file, which is all of it.
    var wholeFiles: [FilePiece] { files.indices.map { .range(file: $0, 0..<files[$0].byteCount) } }
}

extension ReservedMemory {
    /// A copy of the bytes.
    func copied() throws(TamisError) -> [UInt8] { try withView { (view) throws(TamisError) in view.array } }
}
