import TamisBits
import TamisModel

/// Finds the tensors of an ONNX model in its bytes (`onnx.proto3`, github.com/onnx/onnx).
///
/// The file is never parsed into a tree and never written anew: what is not a coded tensor stays in the skeleton as it is,
/// understood or not. Time is proportional to the number of protobuf fields, not to the size of the payloads; memory is at most
/// 4 times the file plus 64 MiB, whatever the file holds.
///
/// Tensors are looked for in `graph.initializer` and `graph.sparse_initializer` (values), in attributes of nodes (tensors, sparse
/// tensors and lists of them), in the subgraphs of nodes such as If, Loop and Scan, in the bodies and default attributes of
/// functions, and in the graphs of `training_info`.
///
/// A tensor is coded if it is of type FLOAT, its values are in one `raw_data` or one packed `float_data`, its dimensions (at most 16)
/// say as many elements as there are, and these are at least 4. It stays in the skeleton if readers could disagree about it: where
/// a field or message is there twice that may be there once, has an unexpected wire type, or does not fit the type of its attribute.
///
/// Names are made from the place of the tensor (Spec, "Names of ONNX tensors"):
/// - an initializer, also a sparse one, has its own name, or `unnamed`;
/// - the `value` of a node of type Constant has the name of the node's first output;
/// - any other attribute is `<node>/<attribute>`, and `<node>/<attribute>[k]` in a list, where `<node>` is the node's name, or its
///   first output, or `<op_type>#<index>`;
/// - inside a subgraph all this comes after `<node>/<attribute>/`, inside a function after `function:<domain>.<name>/`, inside
///   training graphs after `training_info[k]/initialization/` or `training_info[k]/algorithm/`;
/// - a name that an earlier tensor has gets the first free of `#2`, `#3`, … appended;
/// - names are well-formed UTF-8 of at most 4096 bytes without control characters; what is not is replaced by `_` or cut off.
public enum ONNXModel {
    /// Cuts the model into skeleton and tensors.
    ///
    /// Of each tensor the model says which layer of the main graph or its subgraphs consumes it, if exactly one does.
    ///
    /// - Returns: a model of format `onnx`; its tensors in file order, each of type float32 with one hole and a role.
    /// - Throws: `invalid_model`, with the offset of the fault, if the file is not an ONNX model: it is empty, is not
    ///   protobuf, has no graph or no format version, or nests messages more than 64 deep.
    public static func scan(_ bytes: ByteView, fileName: String = "model.onnx") throws(TamisError) -> SourceModel {
        let walker = try walk(bytes)
        var tensors: [TensorDescription] = []
        var holes: [SourceModel.Hole] = []
        for found in walker.tensors {
            guard let coded = found.coded else { continue }
            holes.append(
                SourceModel.Hole(offset: UInt64(coded.range.lowerBound), byteCount: UInt64(coded.range.count), tensor: tensors.count))
            tensors.append(TensorDescription(name: found.name, elementType: coded.elementType, shape: coded.shape))
        }
        let floatElementCount = walker.tensors.reduce(UInt64(0)) { sum, found in
            let (total, overflow) = sum.addingReportingOverflow(found.record.floatElementCount)
            return overflow ? .max : total
        }
        return SourceModel(
            format: "onnx", files: [SourceModel.File(name: fileName, byteCount: UInt64(bytes.count))], tensors: tensors, holes: holes,
            floatElementCount: floatElementCount, roles: LayerRoleFinder.roles(walker, bytes))
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

    private static func walk(_ bytes: ByteView) throws(TamisError) -> ModelWalker {
        do throws(TamisError) {
            return try ModelWalker(bytes)
        } catch {
            guard let name = ForeignFormat.name(of: bytes) else { throw error }
            throw .invalidModel(
                "an ONNX model was expected, but the file looks like \(name)", at: Int(error.byteOffset ?? 0),
                advice: "convert the model to ONNX first")
        }
    }
}
