import TamisBits
import TamisDecoder
import TamisFiles
import TamisModel
import TamisONNX
import TamisThreads

/// The files that a model is decoded to, in a layout and form of choice: known, but not written yet.
///
/// Weights that are stored in another form are decoded already, as small as they will be; all else is decoded while it is written. May be
/// used from any thread.
public final class ModelExport: Sendable {
    /// A file to be written.
    public struct File: Sendable, Equatable {
        /// A relative path, components separated by `/`; nothing opens it unasked.
        public let name: String
        public let byteCount: UInt64
    }

    /// Why a tensor of floating-point weights is stored as it is although another form was asked for.
    public struct Note: Sendable, Equatable {
        public let tensor: String
        public let reason: String
    }

    /// The model is the first.
    public let files: [File]
    /// In the order of the stream's tensors.
    public let notes: [Note]
    /// Bytes of weights in the other form, and those that they have as float32.
    public let storedBytes: UInt64
    public let replacedBytes: UInt64

    private let source: TamisFile
    private let pieces: [[FilePiece]]
    /// Of the weights in another form, by their file number less that of files of the model.
    private let weights: StoredWeights
    private let verifiesFiles: Bool

    init(_ source: TamisFile, _ plans: [(name: String, pieces: [FilePiece])], weights: StoredWeights, notes: [Note], verifiesFiles: Bool) {
        self.source = source
        files = plans.map { File(name: $0.name, byteCount: $0.pieces.byteCount) }
        pieces = plans.map(\.pieces)
        self.weights = weights
        self.notes = notes
        storedBytes = weights.byteCount
        replacedBytes = weights.replacedByteCount
        self.verifiesFiles = verifiesFiles
    }

    /// Writes a file to `sink`, in order.
    ///
    /// - Parameters:
    ///   - number: its place in `files`.
    ///   - batchBytes: see `TamisFile.decode(_:batchBytes:threads:verifiesFiles:progress:to:)`.
    ///   - progress: called from any thread with the number of bytes decoded so far.
    ///   - sink: called on the caller's thread; what it is given is valid during the call only.
    /// - Throws: an error of the stream, or what `sink` throws; `invalid_argument` if there is no such file.
    public func write(
        file number: Int, batchBytes: Int = TamisFile.batchBytes, threads: ThreadCount = ThreadCount(),
        progress: (@Sendable (_ bytes: UInt64) -> Void)? = nil, to sink: (ByteView) throws(TamisError) -> Void
    ) throws(TamisError) {
        guard pieces.indices.contains(number) else {
            throw TamisError(.invalidArgument, "there is no file \(number), the export has \(pieces.count)")
        }
        let own = pieces[number]
        let decoded = own.filter { isDecoded($0) }
        var next = 0
        /// Bytes of the piece `next` that are written.
        var done: UInt64 = 0
        func writeOthers() throws(TamisError) {
            while next < own.count, !isDecoded(own[next]) {
                try write(own[next], to: sink)
                next += 1
            }
        }
        try writeOthers()
        if decoded.isEmpty { return }
        try source.decode(decoded, batchBytes: batchBytes, threads: threads, verifiesFiles: verifiesFiles, progress: progress) { (part) throws(TamisError) in
            var start = 0
            while start < part.count {
                let count = Int(min(UInt64(part.count - start), own[next].byteCount - done))
                try sink(part[start..<(start + count)])
                start += count
                done += UInt64(count)
                if done == own[next].byteCount {
                    (next, done) = (next + 1, 0)
                    try writeOthers()
                }
            }
        }
    }

    /// Decodes a file into memory, each tensor to where it belongs.
    ///
    /// - Parameter progress: called from any thread with the number of elements decoded so far.
    /// - Throws: as `write`; `limit_exceeded` if there is no memory for the file.
    public func buffer(
        file number: Int, threads: ThreadCount = ThreadCount(), progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) -> ReservedMemory {
        guard pieces.indices.contains(number) else {
            throw TamisError(.invalidArgument, "there is no file \(number), the export has \(pieces.count)")
        }
        let memory = try ReservedMemory(byteCount: files[number].byteCount)
        try read(file: number, into: memory.region, threads: threads, progress: progress)
        return memory
    }

    /// As `buffer`, into memory that the caller has.
    ///
    /// - Parameter output: of the file's size.
    package func read(
        file number: Int, into output: ByteRegion, threads: ThreadCount, progress: (@Sendable (_ elements: UInt64) -> Void)?
    ) throws(TamisError) {
        precondition(UInt64(output.count) == files[number].byteCount)
        // A file as it was can be held against its SHA-256.
        if case .range(let file, let range)? = pieces[number].first, pieces[number].count == 1, file < source.files.count,
            range == 0..<source.files[file].byteCount
        {
            return try source.decode(file: file, into: output, threads: threads, verifiesFile: verifiesFiles, progress: progress)
        }
        var decoded: [(piece: FilePiece, place: Int)] = []
        var place = 0
        for piece in pieces[number] {
            if isDecoded(piece) {
                decoded.append((piece, place))
            } else {
                var start = place
                try write(piece) { (part) throws(TamisError) in
                    output[start..<(start + part.count)].copy(from: part)
                    start += part.count
                }
            }
            place += Int(piece.byteCount)
        }
        try source.decode(decoded, into: output, threads: threads, progress: progress)
    }

    /// Bytes of a batch where what comes out of it is copied.
    static let bufferBatchBytes = 16 << 20

    private func isDecoded(_ piece: FilePiece) -> Bool {
        if case .range(let file, _) = piece { return file < source.files.count }
        return false
    }

    private func write(_ piece: FilePiece, to sink: (ByteView) throws(TamisError) -> Void) throws(TamisError) {
        switch piece {
        case .bytes(let bytes): try ByteView.of(bytes, sink)
        case .zeros(let count): try ByteView.of([UInt8](repeating: 0, count: count), sink)
        case .range(let file, let range):
            try weights.withBytes(file - source.files.count) { (view) throws(TamisError) in try sink(view[Int(range.lowerBound)..<Int(range.upperBound)]) }
        }
    }
}
