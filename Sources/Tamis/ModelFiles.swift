import TamisBits
import TamisFiles
import TamisModel
import TamisONNX
import TamisSafetensors
import TamisSyntax

/// The files of a model that is to be encoded or looked at, open: an ONNX model and the files that hold its external data, a safetensors
/// file, or the index of several and all of these.
public final class ModelFiles: Sendable {
    /// Where the bytes of a file are.
    private enum Storage: Sendable {
        case input(InputFile)
        case mapped(MappedFile)
        case decoded(ReservedMemory)
        case memory([UInt8])
        case borrowed(ByteView)

        var view: ByteView {
            switch self {
            case .input(let file): file.view
            case .mapped(let file): file.view
            case .decoded(let memory): memory.view
            // The array's storage does not move while this is the only reference and nobody changes it.
            case .memory(let bytes): bytes.withView { $0 }
            case .borrowed(let bytes): bytes
            }
        }

        func release(_ range: Range<Int>) {
            switch self {
            case .input(let file): file.release(range)
            case .mapped(let file): file.release(range)
            case .memory, .decoded, .borrowed: break
            }
        }
    }

    /// Path of the model, `standard input`, or `memory`.
    public let name: String
    public let source: SourceModel
    /// Valid as long as this object exists.
    public let bytes: SourceBytes
    /// Which files they are, where they are files.
    public let identities: [FileIdentity]
    /// Names of tensors whose numbers were rewritten from varints, so that they can be quantized.
    public let rewrittenTensors: [String]
    private let storage: [Storage]
    private let original: Storage?

    /// Opens what belongs to the model in `input`.
    ///
    /// Other files are opened only inside the folder of the model, by the rules of `ModelFolder`.
    /// - Parameters:
    ///   - path: of `input`.
    ///   - storedName: what a stream is to call the model's file.
    ///   - rewritesVarints: whether 16-bit floating-point numbers in varints (`int32_data`) are rewritten, see
    ///     `ONNXModel.inlineVarints`. The stream then decodes to that form.
    /// - Throws: an error of the model's format; `no_input` if a file is missing or must not be opened.
    public convenience init(_ input: InputFile, path: String, storedName: String, rewritesVarints: Bool = false) throws(TamisError) {
        do throws(TamisError) {
            try self.init(
                .input(input), name: input.name, identity: input.identity, path: path, storedName: storedName, rewritesVarints: rewritesVarints)
        } catch {
            throw error.inFile(input.name)
        }
    }

    /// Opens a model of one file in memory of the caller, which stays there, unchanged, as long as this object exists.
    ///
    /// - Parameters:
    ///   - storedName, rewritesVarints: as above.
    /// - Throws: as above; `no_input` if the model names other files.
    package convenience init(borrowing bytes: ByteView, storedName: String, rewritesVarints: Bool = false) throws(TamisError) {
        try self.init(.borrowed(bytes), name: "memory", identity: nil, path: nil, storedName: storedName, rewritesVarints: rewritesVarints)
    }

    /// - Parameter path: nil if the model is in memory.
    private init(
        _ model: Storage, name: String, identity: FileIdentity?, path: String?, storedName: String, rewritesVarints: Bool
    ) throws(TamisError) {
        self.name = name
        var storage = [model]
        var original: Storage?
        var rewritten: [String] = []
        var identities = [identity].compactMap { $0 }
        let format = ModelFormat(of: model.view)
        if format == .tamis {
            throw TamisError(
                .invalidModel, "the file is a .tamis file already, expected a model", byteOffset: 0, advice: "'tamis inspect' shows what is in it")
        }
        if format == .onnx, rewritesVarints, let inlined = try ONNXModel.inlineVarints(model.view) {
            original = storage[0]
            storage[0] = .memory(inlined.bytes)
            rewritten = inlined.tensors
        }
        let names = try Self.sideFileNames(format, storage[0].view, name: name)
        if !names.isEmpty {
            guard let path else {
                throw TamisError(
                    .noInput, "the model has data in other files, such as '\(names[0])', and one in memory has no folder in which they could lie",
                    advice: "encode it by its path")
            }
            let folder = try ModelFolder(of: path)
            for name in names {
                let file = try folder.open(name)
                identities.append(file.identity)
                storage.append(.mapped(file))
            }
        }
        source = try Self.scan(format, storage[0].view, storedName: storedName, sideFiles: zip(names, storage.dropFirst()).map { ($0, $1.view) })
        let all = storage
        self.storage = storage
        self.original = original
        self.identities = identities
        rewrittenTensors = rewritten
        bytes = SourceBytes(storage.map(\.view), asRead: original.map { [0: $0.view] } ?? [:]) { file, range in all[file].release(range) }
    }

    /// The files that a stream decodes to.
    ///
    /// - Parameters:
    ///   - files: as `TamisFile.decodeFiles` gives them.
    ///   - names: of the files.
    ///   - name: of the stream, for messages.
    public init(decoded files: [ReservedMemory], names: [String], of name: String) throws(TamisError) {
        self.name = name
        identities = []
        rewrittenTensors = []
        original = nil
        var storage: [Storage] = files.prefix(1).map { .decoded($0) }
        do throws(TamisError) {
            guard let model = storage.first?.view, let storedName = names.first else {
                throw TamisError(.invalidModel, "the stream decodes to no files, expected a model")
            }
            let format = ModelFormat(of: model)
            let needed = try Self.sideFileNames(format, model, name: name)
            for side in needed {
                guard let place = names.firstIndex(where: { $0.utf8.elementsEqual(side.utf8) }) else {
                    throw TamisError(.invalidModel, "the model names the file '\(side)', which the stream does not decode to")
                }
                storage.append(.decoded(files[place]))
            }
            source = try Self.scan(format, model, storedName: storedName, sideFiles: zip(needed, storage.dropFirst()).map { ($0, $1.view) })
        } catch {
            throw error.inFile(name)
        }
        self.storage = storage
        bytes = SourceBytes(storage.map(\.view))
    }

    /// The files that the model names, in the order in which `scan` wants them.
    private static func sideFileNames(_ format: ModelFormat, _ model: ByteView, name: String) throws(TamisError) -> [String] {
        switch format {
        case .onnx: try ONNXModel.externalLocations(model)
        case .safetensorsIndex: try SafetensorsIndex(bytes: model, file: name).shardNames
        case .safetensors, .tamis: []
        }
    }

    private static func scan(
        _ format: ModelFormat, _ model: ByteView, storedName: String, sideFiles: [(name: String, bytes: ByteView)]
    ) throws(TamisError) -> SourceModel {
        switch format {
        case .onnx, .tamis:
            try ONNXModel.scan(
                model, fileName: storedName, sideFiles: sideFiles.map { ONNXModel.SideFile(location: $0.name, byteCount: UInt64($0.bytes.count)) })
        case .safetensors: try SafetensorsModel.scan(model, fileName: storedName)
        case .safetensorsIndex: try SafetensorsModel.scan(index: model, indexName: storedName, shards: sideFiles)
        }
    }

    /// Files of the model besides the one that was named.
    public var sideFileNames: [String] { source.files.dropFirst().map(\.name) }
}
