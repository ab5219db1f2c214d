import TamisBits
import TamisDecoder
import TamisDigest
import TamisEncoder
import TamisFiles
import TamisSyntax
import TamisThreads

/// Putting the shards of a model together.
extension Tamis {
    /// Merges the shards of a model, which were encoded with `EncodingOptions.shard`, and hands the stream to `sink` in pieces, in order.
    ///
    /// The stream is the one that encoding the whole model at once with the same options gives, byte for byte. Nothing is coded again;
    /// tensors are decoded to check their digests and to make those of the files, before `sink` gets the first bytes. Memory is that of
    /// `TamisFile.decode(_:batchBytes:threads:verifiesFiles:progress:to:)`.
    ///
    /// - Parameters:
    ///   - shards: all of them, in any order; or one stream that is a whole model.
    ///   - progress: called from any thread with the number of bytes decoded so far, which rises to those of the model's files.
    /// - Throws: `invalid_argument` if they are not all the shards of one model, each once; `duplicate` or `missing` if a tensor is in two
    ///   of them or in none; the error of a shard that is damaged, with its name; what `sink` throws.
    public static func merge(
        _ shards: [InputFile], limits: Limits = .streaming, threads: ThreadCount = ThreadCount(),
        progress: (@Sendable (_ bytes: UInt64) -> Void)? = nil, to sink: @escaping (ByteView) throws(TamisError) -> Void
    ) throws(TamisError) {
        // The members' bytes are those of the files.
        defer { withExtendedLifetime(shards) {} }
        var members: [ShardSet.Member] = []
        for shard in shards {
            do throws(TamisError) {
                members.append(
                    ShardSet.Member(name: shard.name, stream: try EncodedStream.scan(shard.view, limits: limits, takesShards: true)) { shard.release($0) })
            } catch {
                throw error.inFile(shard.name)
            }
        }
        try merge(try ShardSet(members), threads: threads, progress: progress, to: sink)
    }

    /// As above, of shards in memory.
    public static func merge(
        _ shards: [[UInt8]], limits: Limits = .standard, threads: ThreadCount = ThreadCount()
    ) throws(TamisError) -> [UInt8] {
        defer { withExtendedLifetime(shards) {} }
        var members: [ShardSet.Member] = []
        for (number, shard) in shards.enumerated() {
            let name = "stream \(number + 1)"
            do throws(TamisError) {
                // The arrays' storage does not move while `shards` holds them.
                members.append(
                    ShardSet.Member(name: name, stream: try EncodedStream.scan(shard.withView { $0 }, limits: limits, takesShards: true)) { _ in })
            } catch {
                throw error.inFile(name)
            }
        }
        let set = try ShardSet(members)
        var stream: [UInt8] = []
        try withoutActuallyEscaping({ (part: ByteView) throws(TamisError) in unsafe stream.append(contentsOf: part.buffer) }) { (sink) throws(TamisError) in
            try merge(set, threads: threads, progress: nil, to: sink)
        }
        return stream
    }

    private static func merge(
        _ shards: ShardSet, threads: ThreadCount, progress: (@Sendable (_ bytes: UInt64) -> Void)?,
        to sink: @escaping (ByteView) throws(TamisError) -> Void
    ) throws(TamisError) {
        let digests = try digests(of: shards, threads: threads, progress: progress)
        for member in shards.members where !member.stream.index.files.isEmpty {
            for (number, file) in member.stream.index.files.enumerated() where file.sha256 != digests[number] {
                throw TamisError(
                    .fileDigest,
                    "the SHA-256 of the decoded file '\(shards.stream.topology.files[number].name)' is \(Hexadecimal.text(digests[number])), the index says \(Hexadecimal.text(file.sha256))",
                    file: member.name, unit: "index_unit", element: "file_sha256", advice: "the shards do not belong together, or one is faulty")
            }
        }
        var writer = try StreamWriter(sink)
        try writer.unit(.start, [shards.stream.start.encoded()])
        for unit in shards.units.dropFirst() { try writer.copy(unit.bytes, givingBack: unit.giveBack) }
        try writer.finish(tensorUnits: shards.stream.index.tensorUnits.map { Int($0.unitNumber) }, digests: digests)
    }

    /// The SHA-256 of each file that the shards decode to.
    private static func digests(
        of shards: ShardSet, threads: ThreadCount, progress: (@Sendable (_ bytes: UInt64) -> Void)?
    ) throws(TamisError) -> [[UInt8]] {
        let plan = try shards.plan(threads: threads)
        let files = shards.stream.topology.files
        var digests = FileDigests(byteCounts: files.map(\.byteCount))
        try shards.locating { () throws(TamisError) in
            try plan.decode(
                files.indices.map { .range(file: $0, 0..<files[$0].byteCount) }, batchBytes: TamisFile.batchBytes, threads: threads, verifiesFiles: false,
                memory: { byteCount throws(TamisError) in try ReservedMemory(byteCount: byteCount) }, progress: progress
            ) { (part) throws(TamisError) in digests.take(part) }
        }
        return digests.finish()
    }
}

/// The SHA-256 of files whose bytes come one after the other, cut anywhere.
private struct FileDigests {
    private let byteCounts: [UInt64]
    private var values: [[UInt8]] = []
    private var hash = SHA256()
    /// Bytes of the next file that were taken.
    private var taken: UInt64 = 0

    init(byteCounts: [UInt64]) { self.byteCounts = byteCounts }

    mutating func take(_ part: ByteView) {
        var start = 0
        while start < part.count && values.count < byteCounts.count {
            let end = start + min(part.count - start, Int(clamping: byteCounts[values.count] - taken))
            unsafe hash.update(part[start..<end].buffer)
            taken += UInt64(end - start)
            start = end
            if taken == byteCounts[values.count] { endFile() }
        }
    }

    /// The digests, once all bytes are taken.
    mutating func finish() -> [[UInt8]] {
        while values.count < byteCounts.count { endFile() }
        return values
    }

    private mutating func endFile() {
        values.append(hash.value)
        hash = SHA256()
        taken = 0
    }
}
