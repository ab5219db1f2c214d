import TamisBits
import TamisModel
import TamisDecoder
import TamisFiles
import TamisThreads

extension ReservedMemory: WorkingMemory {}

/// Decoding in bounded memory, to be written elsewhere.
extension TamisFile {
    /// Bytes decoded at once, unless told.
    public static let batchBytes = 64 << 20

    /// Decodes parts of files and hands them to `sink`, in order, as they come to be.
    ///
    /// Takes memory for two batches, or one and the largest tensor; for the skeleton of the file that is being decoded; and up to 128 MiB
    /// (or the largest tensor, if only a part of it is asked for) for units of which parts are needed: whatever the files' sizes. For
    /// files larger than `Limits.standard` allows, open the stream with `Limits.streaming`.
    ///
    /// - Parameters:
    ///   - pieces: may overlap and come in any order. To ask for single bytes of many tensors is slow, as they are decoded whole.
    ///   - batchBytes: bytes that are decoded at once, unless a tensor alone is larger; less than 1 counts as 1. The bytes handed on do
    ///     not depend on it.
    ///   - verifiesFiles: whether to compare the SHA-256 of each file of which a piece is all; checksums and digests of units and tensors
    ///     always are.
    ///   - progress: called from any thread with the number of bytes decoded so far, of `pieces.byteCount`.
    ///   - sink: called on the caller's thread, with the bytes of the pieces in order, cut anywhere; what it is given is valid during the
    ///     call only.
    /// - Throws: an error of the stream, as soon as it is seen: `sink` has then got some bytes, sound ones as far as tensors' digests
    ///   tell, and all of them before the SHA-256 of a file is known to be wrong. `invalid_argument` for pieces that do not exist;
    ///   `limit_exceeded` where memory ends, or if the pieces take tensors apart again and again (more than four times the bytes of
    ///   stream, files and pieces together); what `sink` throws.
    public func decode(
        _ pieces: [FilePiece], batchBytes: Int = TamisFile.batchBytes, threads: ThreadCount = ThreadCount(), verifiesFiles: Bool = true,
        progress: (@Sendable (_ bytes: UInt64) -> Void)? = nil, to sink: (ByteView) throws(TamisError) -> Void
    ) throws(TamisError) {
        try naming { () throws(TamisError) in
            try plan(threads: threads).decode(
                pieces, batchBytes: max(batchBytes, 1), threads: threads, verifiesFiles: verifiesFiles,
                memory: { byteCount throws(TamisError) in try ReservedMemory(byteCount: byteCount) }, progress: progress, to: sink)
        }
    }

    /// Decodes each unit for itself and compares the digests, without making files: all that can be checked of a shard.
    ///
    /// Takes memory for a batch, or the largest tensor or file's skeleton.
    ///
    /// - Parameter progress: called from any thread with the number of tensor bytes decoded so far.
    /// - Throws: an error of the stream.
    public func checkUnits(threads: ThreadCount = ThreadCount(), progress: (@Sendable (_ bytes: UInt64) -> Void)? = nil) throws(TamisError) {
        try naming { () throws(TamisError) in
            try stream.checkUnits(
                batchBytes: Self.batchBytes, threads: threads, memory: { byteCount throws(TamisError) in try ReservedMemory(byteCount: byteCount) },
                givingBack: giveBack, progress: progress)
        }
    }

    /// Decodes one of the files and hands it to `sink`, as `decode(_:batchBytes:threads:verifiesFiles:progress:to:)` does.
    ///
    /// - Parameter file: its place in `files`.
    public func decode(
        file: Int, batchBytes: Int = TamisFile.batchBytes, threads: ThreadCount = ThreadCount(), verifiesFile: Bool = true,
        progress: (@Sendable (_ bytes: UInt64) -> Void)? = nil, to sink: (ByteView) throws(TamisError) -> Void
    ) throws(TamisError) {
        try naming { () throws(TamisError) in try require(file) }
        try decode(
            [.range(file: file, 0..<stream.topology.files[file].byteCount)], batchBytes: batchBytes, threads: threads,
            verifiesFiles: verifiesFile, progress: progress, to: sink)
    }
}
