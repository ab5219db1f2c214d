import TamisBits
import TamisModel

/// Finds the tensors of an ONNX model in its bytes (`onnx.proto3`, github.com/onnx/onnx).
///
/// The file is never parsed into a tree and never written anew: what is not a coded tensor stays in the skeleton as it is,
/// understood or not. Time is proportional to the number of protobuf fields, not to the size of the payloads; memory is at most
/// 4 times the files plus 64 MiB, whatever they hold.
///
/// Tensors are looked for in `graph.initializer` and `graph.sparse_initializer` (values and indices), in attributes of nodes (tensors,
/// sparse tensors and lists of them), in the subgraphs of nodes such as If, Loop and Scan, in the bodies and default attributes of
/// functions, and in the graphs of `training_info`.
///
/// A tensor is coded if it is of a type of fixed size, its elements are in one `raw_data`, packed `float_data` or packed `double_data`,
/// or in another file, its dimensions (at most 16) say as many elements as there are, and these are at least 16 bytes. It stays in the
/// skeleton if readers could disagree about it: where a field or message is there twice that may be there once, has an unexpected wire
/// type, or does not fit the type of its attribute. Elements stored as varints (`int32_data`, `int64_data`, `uint64_data`) stay
/// there too.
///
/// Names are made from the place of the tensor (Spec, "Names of ONNX tensors"):
/// - an initializer, also a sparse one, has its own name, or `unnamed`; indices have the name of their values and `/indices`;
/// - the `value` of a node of type Constant has the name of the node's first output;
/// - any other attribute is `<node>/<attribute>`, and `<node>/<attribute>[k]` in a list, where `<node>` is the node's name, or its
///   first output, or `<op_type>#<index>`;
/// - inside a subgraph all this comes after `<node>/<attribute>/`, inside a function after `function:<domain>.<name>/`, inside
///   training graphs after `training_info[k]/initialization/` or `training_info[k]/algorithm/`;
/// - a name that an earlier tensor has gets the first free of `#2`, `#3`, … appended;
/// - names are well-formed UTF-8 of at most 4096 bytes without control characters; what is not is replaced by `_` or cut off.
public enum ONNXModel {
    /// A file beside the model that holds data of its tensors.
    public struct SideFile: Sendable, Equatable {
        /// Its path as the model writes it, from the folder of the model on.
        public let location: String
        public let byteCount: UInt64

        public init(location: String, byteCount: UInt64) {
            self.location = location
            self.byteCount = byteCount
        }
    }

    /// The paths of the files that hold data of the model's tensors, without repetition, in the order of their first mention.
    ///
    /// Each leads downwards from the folder of the model: at most 16 names of at most 255 bytes, in all 4096, separated by `/`, none of
    /// them `.` or `..`, well-formed UTF-8 without control characters and `\`.
    /// - Throws: as `scan(_:)`; `invalid_model` with the tensor's name for any other path, and for an offset or a length that is no number;
    ///   `limit_exceeded` for more than 65 535 files.
    public static func externalLocations(_ bytes: ByteView) throws(TamisError) -> [String] {
        try walk(bytes, external: ExternalData()).external?.locations.map { String(decoding: $0, as: UTF8.self) } ?? []
    }

    /// Cuts the model into skeletons and tensors.
    ///
    /// Of each tensor the model says which layer of the main graph or its subgraphs consumes it, if exactly one does. Tensors that lie in
    /// the same bytes of a side file with the same type and shape are one tensor with further names; where bytes are shared otherwise, one
    /// tensor gets them and the others stay in the skeleton.
    ///
    /// - Parameters:
    ///   - bytes: the model's file.
    ///   - sideFiles: the files that `externalLocations(_:)` names; nil to take the model's file alone, whatever it says of others.
    /// - Returns: a model of format `onnx`; its files are that of the model, then `sideFiles` in the order of their first mention; its
    ///   tensors are in the order of their bytes, each with one hole and a role.
    /// - Throws: `invalid_model`, with the offset of the fault, if the file is not an ONNX model: it is empty, is not
    ///   protobuf, has no graph or no format version, or nests messages more than 64 deep. With side files also if a tensor's data lie
    ///   outside its file or are not as long as the tensor, and `invalid_argument` if `sideFiles` are not those that the model names.
    public static func scan(
        _ bytes: ByteView, fileName: String = "model.onnx", sideFiles: [SideFile]? = nil
    ) throws(TamisError) -> SourceModel {
        var sides: [SideFile] = []
        let walker: ModelWalker
        if let sideFiles {
            walker = try walk(bytes, external: ExternalData(), sideByteCount: sideFiles.byteCount)
            sides = try ordered(sideFiles, walker, fileName)
        } else {
            walker = try walk(bytes)
        }
        let plan = try HolePlan(walker, sideFiles: sides)
        let tensors = plan.entries.map { entry in
            TensorDescription(name: walker.tensors[entry.tensor].name, elementType: entry.payload.elementType, shape: entry.payload.shape)
        }
        let holes = plan.entries.enumerated().map { number, entry in
            let range = entry.payload.range
            return SourceModel.Hole(file: entry.payload.file, offset: range.lowerBound, byteCount: range.byteCount, tensor: number)
        }
        return SourceModel(
            format: "onnx",
            files: [SourceModel.File(name: fileName, byteCount: UInt64(bytes.count))]
                + sides.map { SourceModel.File(name: $0.location, byteCount: $0.byteCount) },
            tensors: tensors, holes: holes,
            aliases: plan.aliases.map { SourceModel.Alias(name: walker.tensors[$0.tensor].name, tensor: $0.entry) },
            floatElementCount: floatElementCount(walker, plan), roles: LayerRoleFinder.roles(walker, plan, bytes))
    }

    /// Elements of shared tensors count once.
    private static func floatElementCount(_ walker: ModelWalker, _ plan: HolePlan) -> UInt64 {
        let shared = Set(plan.aliases.map(\.tensor))
        return walker.tensors.enumerated().reduce(UInt64(0)) { sum, found in
            if shared.contains(found.offset) { return sum }
            let (total, overflow) = sum.addingReportingOverflow(found.element.record.floatElementCount)
            return overflow ? .max : total
        }
    }

    /// `sideFiles` in the order in which the model names them.
    static func ordered(_ sideFiles: [SideFile], _ walker: ModelWalker, _ fileName: String) throws(TamisError) -> [SideFile] {
        // By bytes: names that look the same may be two files.
        var sizes: [[UInt8]: UInt64] = [:]
        for file in sideFiles { sizes[Array(file.location.utf8)] = file.byteCount }
        let locations = walker.external?.locations ?? []
        if sizes.count != sideFiles.count || sizes.count != locations.count {
            throw TamisError(.invalidArgument, "\(sideFiles.count) files with external data are given, but the model names \(locations.count)", file: fileName)
        }
        var result: [SideFile] = []
        for location in locations {
            let name = String(decoding: location, as: UTF8.self)
            guard let byteCount = sizes[location] else {
                throw TamisError(.invalidArgument, "the file '\(name)', which the model names for external data, is not given", file: fileName)
            }
            if location.elementsEqual(fileName.utf8) {
                throw TamisError(
                    .invalidModel, "external data lie in '\(name)', which is the file of the model itself", file: fileName,
                    advice: "give the model another name, or correct the location")
            }
            result.append(SideFile(location: name, byteCount: byteCount))
        }
        return result
    }

    /// Lists what the model holds, also the tensors that `scan(_:)` leaves in the skeleton.
    ///
    /// - Throws: as `scan(_:)`, for the same files.
    public static func summarize(_ bytes: ByteView) throws(TamisError) -> ONNXSummary {
        let walker = try walk(bytes)
        let producer = [walker.producerName, walker.producerVersion].filter { !$0.isEmpty }
        return ONNXSummary(
            producer: producer.map { NameBuilder.text($0, of: bytes) }.joined(separator: " "), irVersion: walker.irVersion,
            operatorSets: walker.operatorSets, graphName: NameBuilder.text(walker.graphName, of: bytes), nodeCount: walker.nodeCount,
            tensors: walker.tensors.map { found in
                ONNXSummary.Tensor(
                    name: found.name, elementType: found.record.dataType.name, dimensions: found.record.dimensions,
                    rank: found.record.rank, byteCount: UInt64(found.record.byteCount), location: found.location,
                    storage: found.record.storage, isCoded: found.coded != nil)
            },
            omittedTensorCount: walker.omittedTensorCount)
    }

    static func walk(_ bytes: ByteView, external: ExternalData? = nil, sideByteCount: UInt64 = 0) throws(TamisError) -> ModelWalker {
        do throws(TamisError) {
            return try ModelWalker(bytes, external: external, sideByteCount: sideByteCount)
        } catch {
            guard error.code == .invalidModel, error.element == nil, let name = ForeignFormat.name(of: bytes) else { throw error }
            throw .invalidModel(
                "an ONNX model was expected, but the file looks like \(name)", at: Int(error.byteOffset ?? 0),
                advice: "convert the model to ONNX first")
        }
    }
}

extension [ONNXModel.SideFile] {
    /// Bytes of all files, cut to 64 bits.
    var byteCount: UInt64 {
        reduce(0) { sum, file in
            let (total, overflow) = sum.addingReportingOverflow(file.byteCount)
            return overflow ? .max : total
        }
    }
}
