import TamisBits
import TamisDecoder
import TamisFiles
import TamisModel
import TamisThreads

/// A `.tamis` stream that is decoded while it arrives, from a pipe or a connection.
///
/// Push the bytes as they come; take the tensors and the parts of files that come to be; finish when all bytes have been pushed:
///
///     while let portion = try connection.receive() {
///         var pushed = 0
///         while pushed < portion.count {
///             pushed += try stream.push(portion[pushed..<portion.count])
///             while let piece = stream.nextPiece() { try file.write(piece.bytes, at: piece.offset) }
///         }
///     }
///     try stream.finish()
///
/// Each unit is checked and decoded as soon as it is there, tensors are held against their digests before they are handed out. Damage that
/// shows only in the whole stream, such as a unit that lacks, is seen by `finish`: until it has returned, keep what you have got as a preview.
///
/// It takes memory for the unit that is arriving, less than twice its bytes; for what is decoded at once, 24 MiB or one unit; for parts of
/// files that came before their turn, up to 24 MiB; and for lists of the stream's units, tensors and holes. The sizes of the whole model are of
/// no account, so use `Limits.streaming` where large ones are expected.
///
/// Use an object from one thread at a time.
public final class TamisStream {
    /// What a stream is to hand out.
    public struct Results: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// Tensors, whole and once each, by `nextTensor`.
        public static let tensors = Results(rawValue: 1)
        /// Parts of files, by `nextPiece`.
        public static let pieces = Results(rawValue: 2)
    }

    /// Decoded bytes, which exist as long as the value does, and take at most the memory of one unit.
    public struct Bytes: Sendable {
        fileprivate let decoded: StreamedBytes

        public var count: Int { decoded.count }

        /// Valid as long as a copy of this value exists.
        public var view: ByteView { decoded.view }

        /// Calls `body` with the bytes, and keeps them there meanwhile.
        public func withView<Result>(_ body: (ByteView) throws(TamisError) -> Result) throws(TamisError) -> Result { try decoded.withView(body) }
    }

    /// A tensor that has arrived.
    public struct Tensor: Sendable {
        /// Its place in `tensors`.
        public let number: Int
        public let description: TensorDescription
        /// Its elements, little-endian, in C order.
        public let bytes: Bytes
    }

    /// A part of a file.
    public struct Piece: Sendable {
        /// Its place in `files`.
        public let file: Int
        /// Its place in the file, in bytes.
        public let offset: UInt64
        /// One or more.
        public let bytes: Bytes
    }

    private let decoder: StreamingDecoder

    /// - Parameters:
    ///   - results: what is to be handed out. All of it must be taken before more bytes can be pushed.
    ///   - threads: units that arrive together are decoded side by side.
    ///   - verifiesFiles: whether to compare the SHA-256 of whole files; checksums and digests of units and tensors always are.
    public init(
        limits: Limits = .standard, results: Results = [.tensors, .pieces], threads: ThreadCount = ThreadCount(), verifiesFiles: Bool = true
    ) {
        decoder = StreamingDecoder(
            limits: limits, results: StreamingResults.Kinds(rawValue: results.rawValue), threads: threads, verifiesFiles: verifiesFiles,
            memory: { byteCount throws(TamisError) in try ReservedMemory(byteCount: byteCount) })
    }

    /// Bytes taken so far.
    public var byteCount: UInt64 { decoder.byteCount }
    /// The files that decoding yields; nil until the stream has told.
    public var files: [TamisFile.File]? { decoder.topology?.files.map { TamisFile.File(name: $0.name, byteCount: $0.byteCount) } }
    /// The tensors of the model, in the order of the file; nil until the stream has told.
    public var tensors: [TensorDescription]? { decoder.topology?.tensors }
    /// Further names of tensors; nil until the stream has told.
    public var aliases: [SourceModel.Alias]? { decoder.topology?.aliases }
    /// The SHA-256 of each decoded file, as the stream says; nil until it has told, near its end.
    public var fileDigests: [[UInt8]]? { decoder.index?.files.map(\.sha256) }

    /// Takes bytes of the stream, and decodes the units that are whole with them.
    ///
    /// - Parameter bytes: any number; used during the call only.
    /// - Returns: how many of them were taken. That is all, unless results of some 24 MiB are ready before: take these, then push the rest.
    ///   At least one is, if there is one.
    /// - Throws: the error of the stream, as soon as it is seen; later calls throw the same. `invalid_argument` if results wait to be taken;
    ///   nothing is lost then.
    public func push(_ bytes: ByteView) throws(TamisError) -> Int { try decoder.push(bytes) }

    /// The next tensor, in the order of the stream; nil if none is there before more bytes are pushed.
    public func nextTensor() -> Tensor? {
        guard let (number, bytes) = decoder.nextTensor(), let tensors = decoder.topology?.tensors else { return nil }
        return Tensor(number: number, description: tensors[number], bytes: Bytes(decoded: bytes))
    }

    /// The next part of a file; nil if none is there before more bytes are pushed.
    ///
    /// They come in the order of the stream, which is not that of places: in the end they are all bytes of all files, each once.
    public func nextPiece() -> Piece? {
        decoder.nextPiece().map { Piece(file: $0.file, offset: $0.offset, bytes: Bytes(decoded: $0.bytes)) }
    }

    /// Checks what takes the whole stream; to be called when all bytes have been pushed and all results taken.
    ///
    /// - Throws: the error of the stream, `truncated` if bytes lack; `file_digest` for a file that is wrong, unless it is one of
    ///   `uncheckedFiles`.
    public func finish() throws(TamisError) { try decoder.finish() }

    /// After `finish`, the files whose SHA-256 has not been compared: their parts did not come about in the order of the file.
    public var uncheckedFiles: [Int] { decoder.uncheckedFiles }

    /// Compares the SHA-256 of a file, after `finish`.
    ///
    /// - Parameters:
    ///   - file: its place in `files`; traps if there is none.
    ///   - bytes: all of it.
    /// - Throws: `file_digest` if it is another.
    public func check(file: Int, _ bytes: ByteView) throws(TamisError) { try decoder.check(file: file, bytes) }
}
