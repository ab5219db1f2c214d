import Synchronization
import TamisBits
import TamisDecoder
import TamisDigest
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
    }

    /// How a stream is opened.
    public enum Access: Sendable {
        /// Every unit from front to back: the way to decode all, and the one that finds every fault of the frame.
        case sequential
        /// Through the index at the end: the way to one tensor, whatever the size of the file.
        case random
    }

    private let storage: Storage
    private let stream: EncodedStream

    /// The tensors of the model, in the order of the file.
    public var tensors: [TensorDescription] { stream.topology.tensors }

    /// Opens a stream in memory.
    public init(bytes: [UInt8], limits: Limits = .standard, access: Access = .sequential) throws(TamisError) {
        // The array's storage does not move while `storage` holds the only reference and nobody changes it.
        let storage = bytes
        self.storage = .array(storage)
        let view = storage.withView { $0 }
        stream = access == .sequential ? try EncodedStream.scan(view, limits: limits) : try EncodedStream.open(view, limits: limits)
    }

    /// Opens the stream in a file or on standard input, which `input` has opened.
    public init(_ input: InputFile, limits: Limits = .standard, access: Access = .sequential) throws(TamisError) {
        storage = .file(input)
        do throws(TamisError) {
            stream = access == .sequential ? try EncodedStream.scan(input.view, limits: limits) : try EncodedStream.open(input.view, limits: limits)
        } catch {
            throw error.inFile(input.name)
        }
    }

    /// What is in the stream; reads the headers of all units.
    public func summary() throws(TamisError) -> StreamSummary {
        try naming { () throws(TamisError) in try stream.summary() }
    }

    /// Names of the files that decoding yields. Nothing opens them unasked.
    public var fileNames: [String] { stream.topology.files.map(\.name) }
    /// Units of the stream, index and end unit included, each with checksums of its own.
    public var unitCount: Int { stream.units.count + 2 }
    /// Bytes of the files that decoding yields.
    public var fileByteCounts: [UInt64] { stream.topology.files.map(\.byteCount) }

    /// Decodes the model's only file.
    ///
    /// - Parameters:
    ///   - verifiesFile: whether to compare the SHA-256 of the whole file; checksums and digests of units and tensors always are.
    ///   - progress: called from any thread with the number of tensor elements decoded so far.
    /// - Returns: the bytes of the model file.
    public func decode(
        threads: ThreadCount = ThreadCount(), verifiesFile: Bool = true, progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) -> [UInt8] {
        try decode(threads: threads, verifiesFile: verifiesFile, progress: progress) { (byteCount, fill) throws(TamisError) in
            var failure: TamisError?
            let output = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
                let region = unsafe ByteRegion(unsafe: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<byteCount]))
                do throws(TamisError) {
                    try fill(region)
                    count = byteCount
                } catch {
                    failure = error
                    count = 0
                }
            }
            if let failure { throw failure }
            return output
        }
    }

    /// As `decode`, into memory whose lack is an error, where an array would end the process.
    ///
    /// - Throws: as `decode`; also `limit_exceeded` if there is no memory for the file.
    public func decodeBuffer(
        threads: ThreadCount = ThreadCount(), verifiesFile: Bool = true, progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) -> ReservedMemory {
        try decode(threads: threads, verifiesFile: verifiesFile, progress: progress) { (byteCount, fill) throws(TamisError) in
            let memory = try ReservedMemory(byteCount: UInt64(byteCount))
            try fill(memory.region)
            return memory
        }
    }

    /// - Parameter making: makes the memory, of the size given, and calls its second argument to fill it.
    private func decode<Output>(
        threads: ThreadCount, verifiesFile: Bool, progress: (@Sendable (_ elements: UInt64) -> Void)?,
        making: (_ byteCount: Int, _ fill: (ByteRegion) throws(TamisError) -> Void) throws(TamisError) -> Output
    ) throws(TamisError) -> Output {
        try naming { () throws(TamisError) in
            guard stream.topology.files.count == 1 else {
                throw TamisError(.unsupportedFeature, "the stream holds \(stream.topology.files.count) files, this version decodes one")
            }
            // Everything that can be checked without room for the output is checked before there is any.
            let plan = try stream.plan(threads: threads)
            return try making(Int(stream.topology.files[0].byteCount)) { (region) throws(TamisError) in
                try plan.decode(into: [region], threads: threads, progress: progress)
                if verifiesFile { try stream.checkFile(0, region.view) }
            }
        }
    }

    /// Decodes one tensor, reading only the unit that holds it.
    ///
    /// - Returns: its elements, little-endian, in C order.
    /// - Throws: `no_such_tensor`, or an error of the stream.
    public func tensor(named name: String, threads: ThreadCount = ThreadCount()) throws(TamisError) -> (TensorDescription, [UInt8]) {
        try naming { () throws(TamisError) in
            guard let number = tensors.firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
                throw TamisError(.noSuchTensor, "there is no tensor '\(name)'", advice: "'tamis inspect' lists the names")
            }
            return (tensors[number], try stream.decode(tensor: number, threads: threads))
        }
    }

    private func naming<R>(_ body: () throws(TamisError) -> R) throws(TamisError) -> R {
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
