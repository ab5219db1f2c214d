import Tamis
import TamisFiles
import TamisONNX

/// A model of either kind, as the bytes of its ONNX file and the places of its tensors in them.
struct LoadedModel: Sendable {
    private enum Storage: Sendable {
        case file(InputFile)
        case decoded(ReservedMemory)

        func withBytes<R>(_ body: (ByteView) throws(TamisError) -> R) throws(TamisError) -> R {
            switch self {
            case .file(let input): try input.withView(body)
            case .decoded(let memory): try memory.withView(body)
            }
        }
    }

    /// The path, or `standard input`.
    let name: String
    let source: SourceModel
    private let storage: Storage

    /// Opens the file at `path`; a `.tamis` file is decoded, and all its digests are checked.
    init(_ path: String, memory: MemoryOptions, threads: ThreadCount, isQuiet: Bool) throws(TamisError) {
        let input = try InputFile(path, limit: Limits.pipeBytes)
        switch ModelKind(input.view) {
        case .tamis:
            let file = try TamisFile.open(input, memory: memory)
            try self.init(.decoded(file.decodeBuffer(threads: threads, isQuiet: isQuiet)), input.name)
        case .onnx:
            try self.init(.file(input), input.name)
        }
    }

    /// - Parameters:
    ///   - bytes: an ONNX file.
    ///   - name: of the file that `bytes` came from, for messages.
    init(_ bytes: ReservedMemory, from name: String) throws(TamisError) { try self.init(.decoded(bytes), name) }

    private init(_ storage: Storage, _ name: String) throws(TamisError) {
        self.name = name
        self.storage = storage
        do throws(TamisError) {
            source = try storage.withBytes { (bytes) throws(TamisError) in try ONNXModel.scan(bytes) }
        } catch {
            throw error.inFile(name)
        }
    }

    /// Calls `body` with the bytes of the ONNX file, valid only during the call.
    func withBytes<R>(_ body: (ByteView) throws(TamisError) -> R) throws(TamisError) -> R { try storage.withBytes(body) }
}
