import Synchronization
import TamisBits
import TamisDecoder
import TamisFiles
import TamisModel
import TamisThreads

/// A `.tamis` stream, in memory or mapped from a file.
///
/// Opening reads the frame of the stream only. All methods may be called from any thread.
public final class TamisFile: Sendable {
    private enum Storage: Sendable {
        case array([UInt8])
        case file(InputFile)
        case borrowed
    }

    /// How a stream is opened.
    public enum Access: Sendable {
        /// Every unit from front to back: the way to decode all, and the one that finds every fault of the frame.
        case sequential
        /// Through the index at the end: the way to one tensor, whatever the size of the file.
        case random
    }

    private let storage: Storage
    let stream: EncodedStream
    let giveBack: (@Sendable (Range<Int>) -> Void)?
    /// Once it is known.
    private let knownPlan = Mutex<DecodingPlan?>(nil)

    /// The tensors of the model, in the order of the file; a shard has some of them only.
    public var tensors: [TensorDescription] { stream.topology.tensors }

    /// Opens a stream in memory.
    ///
    /// - Parameter takesShards: whether a shard of a model is opened, too. Of it, what there is can be told and checked, and its tensors
    ///   decoded, but not the model's files.
    public init(bytes: [UInt8], limits: Limits = .standard, access: Access = .sequential, takesShards: Bool = false) throws(TamisError) {
        giveBack = nil
        // The array's storage does not move while `storage` holds the only reference and nobody changes it.
        let storage = bytes
        self.storage = .array(storage)
        let view = storage.withView { $0 }
        stream = try Self.stream(in: view, limits, access, takesShards)
    }

    /// Opens a stream in memory of the caller, which stays there, unchanged, as long as this object exists.
    package init(borrowing bytes: ByteView, limits: Limits = .standard, access: Access = .sequential) throws(TamisError) {
        giveBack = nil
        storage = .borrowed
        stream = access == .sequential ? try EncodedStream.scan(bytes, limits: limits) : try EncodedStream.open(bytes, limits: limits)
    }

    /// Opens the stream in a file or on standard input, which `input` has opened.
    ///
    /// - Parameters:
    ///   - takesShards: see `init(bytes:limits:access:takesShards:)`.
    ///   - giveBack: called, from any thread, with bytes of the stream that are not needed for a while, such as pages of a mapped file; they
    ///     must stay readable.
    public init(
        _ input: InputFile, limits: Limits = .standard, access: Access = .sequential, takesShards: Bool = false,
        givingBack giveBack: (@Sendable (Range<Int>) -> Void)? = nil
    ) throws(TamisError) {
        storage = .file(input)
        self.giveBack = giveBack
        do throws(TamisError) {
            stream = try Self.stream(in: input.view, limits, access, takesShards)
        } catch {
            throw error.inFile(input.name)
        }
    }

    private static func stream(in bytes: ByteView, _ limits: Limits, _ access: Access, _ takesShards: Bool) throws(TamisError) -> EncodedStream {
        switch access {
        case .sequential: try EncodedStream.scan(bytes, limits: limits, takesShards: takesShards)
        case .random: try EncodedStream.open(bytes, limits: limits, takesShards: takesShards)
        }
    }

    /// The part of the model that the stream holds; nil: all of it.
    public var shard: Shard? { stream.shard }

    /// What is in the stream; reads the headers of all units.
    public func summary() throws(TamisError) -> StreamSummary {
        try naming { () throws(TamisError) in try stream.summary(givingBack: giveBack) }
    }

    /// A file that decoding yields.
    public struct File: Sendable, Equatable {
        /// A relative path, components separated by `/`; nothing opens it unasked.
        public let name: String
        public let byteCount: UInt64
    }

    /// The files that decoding yields; the model itself is the first.
    public var files: [File] { stream.topology.files.map { File(name: $0.name, byteCount: $0.byteCount) } }
    /// Names of the files that decoding yields. Nothing opens them unasked.
    public var fileNames: [String] { stream.topology.files.map(\.name) }
    /// Units of the stream, index and end unit included, each with checksums of its own.
    public var unitCount: Int { stream.units.count + 2 }
    /// Bytes of the files that decoding yields.
    public var fileByteCounts: [UInt64] { stream.topology.files.map(\.byteCount) }
    /// Further names of tensors, which the model stores under more than one.
    public var aliases: [SourceModel.Alias] { stream.topology.aliases }

    /// Decodes one tensor, reading only the unit that holds it.
    ///
    /// - Parameter name: the tensor's name, or an alias.
    /// - Returns: what is known of it, with its own name, and its elements, little-endian, in C order.
    /// - Throws: `no_such_tensor`, also if another shard has it; or an error of the stream.
    public func tensor(named name: String, threads: ThreadCount = ThreadCount()) throws(TamisError) -> (TensorDescription, [UInt8]) {
        try naming { () throws(TamisError) in
            func isNamed(_ other: String) -> Bool { other.utf8.elementsEqual(name.utf8) }
            guard let number = tensors.firstIndex(where: { isNamed($0.name) }) ?? aliases.first(where: { isNamed($0.name) })?.tensor else {
                throw TamisError(.noSuchTensor, "there is no tensor '\(name)'", advice: "'tamis inspect' lists the names")
            }
            return (tensors[number], try stream.decode(tensor: number, threads: threads))
        }
    }

    /// The stream taken apart and checked, as far as that goes without decoding; made once.
    func plan(threads: ThreadCount) throws(TamisError) -> DecodingPlan {
        if let plan = knownPlan.withLock({ $0 }) { return plan }
        let plan = try stream.plan(threads: threads, givingBack: giveBack)
        knownPlan.withLock { $0 = plan }
        return plan
    }

    /// Runs `body` and names the file of the stream in its errors.
    func naming<R>(_ body: () throws(TamisError) -> R) throws(TamisError) -> R {
        do {
            return try body()
        } catch {
            if case .file(let input) = storage { throw error.inFile(input.name) }
            throw error
        }
    }
}

extension TamisError {
    /// The same error, about the file `name` unless it already names one.
    public func inFile(_ name: String) -> TamisError {
        var error = self
        if error.file == nil { error.file = name }
        return error
    }
}
