/// What a person wants to know of an ONNX model: who made it, and which tensors it holds.
///
/// Texts come from the file with control characters and ill-formed UTF-8 replaced by `_`, cut at 4096 bytes: they are safe to print.
public struct ONNXSummary: Sendable, Equatable {
    /// A set of operators that the model uses.
    public struct OperatorSet: Sendable, Equatable {
        /// Empty for the standard operators (`ai.onnx`).
        public let domain: String
        public let version: Int64

        public init(domain: String, version: Int64) {
            self.domain = domain
            self.version = version
        }
    }

    /// Where in the model a tensor lives. A tensor of a function, training graph or subgraph has that location, whatever it is there.
    public enum Location: String, Sendable {
        /// `graph.initializer`.
        case initializer
        /// An attribute of a node, for example the value of a Constant.
        case attribute
        /// A graph that is an attribute of a node: a branch of If, a body of Loop or Scan.
        case subgraph
        /// `ModelProto.functions`.
        case function
        /// The values or indices of `graph.sparse_initializer` or of a sparse attribute.
        case sparse
        /// `ModelProto.training_info`.
        case training
    }

    /// How a tensor's values are stored; raw values are the field names of `onnx.proto3` where there is one field.
    public enum Storage: String, Sendable {
        case rawData = "raw_data"
        case floatData = "float_data"
        case int32Data = "int32_data"
        case int64Data = "int64_data"
        case uint64Data = "uint64_data"
        case doubleData = "double_data"
        case stringData = "string_data"
        /// In another file.
        case external
        /// More than one field has data.
        case several
        /// No data, as of a tensor with a dimension of zero.
        case none
    }

    /// A tensor of the model, coded or not.
    public struct Tensor: Sendable, Equatable {
        /// Unique in the model (Spec, "Names of ONNX tensors"); for coded tensors the name that `ONNXModel.scan(_:)` gives.
        public let name: String
        /// For example `float32`; `type 99` for a number that ONNX 1.23 does not know.
        public let elementType: String
        /// As written in the file, outermost first, also where negative; the first 16 if there are more.
        public let dimensions: [Int64]
        /// Number of dimensions.
        public let rank: Int
        /// Bytes of the data fields in this file, as stored.
        public let byteCount: UInt64
        public let location: Location
        public let storage: Storage
        /// Whether the tensor is cut out of the file and coded; all others stay in the skeleton byte for byte.
        public let isCoded: Bool

        public init(
            name: String, elementType: String, dimensions: [Int64], rank: Int, byteCount: UInt64, location: Location, storage: Storage,
            isCoded: Bool
        ) {
            self.name = name
            self.elementType = elementType
            self.dimensions = dimensions
            self.rank = rank
            self.byteCount = byteCount
            self.location = location
            self.storage = storage
            self.isCoded = isCoded
        }
    }

    /// Name and version of the tool that wrote the model, separated by a space; empty if the model does not say.
    public let producer: String
    /// Version of the ONNX file format.
    public let irVersion: Int64
    /// In file order.
    public let operatorSets: [OperatorSet]
    /// Empty if the graph has no name.
    public let graphName: String
    /// Nodes of the graph, its subgraphs, the functions and the training graphs together.
    public let nodeCount: Int
    /// In file order.
    public let tensors: [Tensor]
    /// Tensors left out of `tensors`, and never coded, because the file holds more of them than is reasonable for its size:
    /// names and 512 bytes each may take 16 MiB plus twice the size of the file.
    public let omittedTensorCount: Int

    public init(
        producer: String, irVersion: Int64, operatorSets: [OperatorSet], graphName: String, nodeCount: Int, tensors: [Tensor],
        omittedTensorCount: Int
    ) {
        self.producer = producer
        self.irVersion = irVersion
        self.operatorSets = operatorSets
        self.graphName = graphName
        self.nodeCount = nodeCount
        self.tensors = tensors
        self.omittedTensorCount = omittedTensorCount
    }
}
