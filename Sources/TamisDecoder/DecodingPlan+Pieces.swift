import TamisBits
import TamisModel
import TamisThreads

extension DecodingPlan {
    /// Decodes parts of files, in order, in bounded memory: parts are made batch by batch and handed on.
    ///
    /// Memory: two batches, or one and the largest tensor; the skeleton in use; 64 MiB for units of which parts are needed, and once more
    /// (or the largest tensor, if only a part of it is wanted) for those that are new; lists of the stream's units and of a batch's
    /// runs. A batch is neighbouring tensors whole, so that each is held against its digest before it is handed on.
    ///
    /// Time: a unit that is wanted in several batches is decoded for each, unless it is still kept. Bytes read and decoded in all are at
    /// most `WorkBudget.factor` times those of the stream, of its files and of the pieces; more is refused.
    ///
    /// - Parameters:
    ///   - batchBytes: bytes that are decoded at once, unless a tensor alone is larger; 1 or more.
    ///   - verifiesFiles: whether to compare the SHA-256 of files of which a piece is all.
    ///   - memory: makes room for batches and large units.
    ///   - progress: called from any thread with the number of bytes made so far, which rises to those of all pieces.
    ///   - sink: called with the bytes in order, on this thread; what it is given is valid during the call only.
    /// - Throws: the first error in the order of batches; `invalid_argument` for pieces that do not exist; `limit_exceeded` where memory
    ///   or the budget of work ends; what `sink` throws. The sink has then got some of the bytes, none of a batch that a digest of
    ///   a tensor tells to be wrong.
    package func decode(
        _ pieces: [FilePiece], batchBytes: Int, threads: ThreadCount, verifiesFiles: Bool = true, memory: @escaping MemorySource,
        progress: (@Sendable (_ bytes: UInt64) -> Void)? = nil, to sink: (ByteView) throws(TamisError) -> Void
    ) throws(TamisError) {
        precondition(batchBytes > 0)
        var decoder = try PieceDecoder(
            self, pieces, batchBytes: batchBytes, threads: threads, verifiesFiles: verifiesFiles, source: memory, meter: ProgressMeter(progress))
        try decoder.decode(to: sink)
    }
}
