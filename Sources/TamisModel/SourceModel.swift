/// A model file seen as a skeleton with holes (Spec §5): which byte ranges of the file are payloads of which tensors.
///
/// A converter such as `TamisONNX` makes one; the encoder needs nothing else to know about the file's format.
public struct SourceModel: Sendable, Equatable {
    /// Bytes `offset ..< offset + byteCount` of the file are exactly the elements of `tensor`: little-endian, C order.
    public struct Hole: Sendable, Equatable {
        public let offset: UInt64
        public let byteCount: UInt64
        /// Index into `tensors`.
        public let tensor: Int

        public init(offset: UInt64, byteCount: UInt64, tensor: Int) {
            self.offset = offset
            self.byteCount = byteCount
            self.tensor = tensor
        }
    }

    /// Name of the format, for example `onnx`.
    public let format: String
    public let tensors: [TensorDescription]
    /// In ascending order of offset, without overlap; each as long as its tensor; each tensor has at least one hole.
    public let holes: [Hole]

    /// Elements of all tensors of floating-point types in the file, in holes or not.
    public let floatElementCount: UInt64

    /// Tensors whose data lie in other files, and so are not part of this one.
    public let externalTensorCount: Int

    /// What each tensor does in the network, in the order of `tensors`; empty if the producer does not say for any.
    public let roles: [LayerRole?]

    /// - Parameter roles: none, or as many as tensors.
    public init(
        format: String, tensors: [TensorDescription], holes: [Hole], floatElementCount: UInt64, externalTensorCount: Int = 0,
        roles: [LayerRole?] = []
    ) {
        self.roles = roles
        self.externalTensorCount = externalTensorCount
        self.floatElementCount = floatElementCount
        self.format = format
        self.tensors = tensors
        self.holes = holes
    }

    /// The role of tensor `index`, or nil if the producer of the model did not say.
    public func role(of index: Int) -> LayerRole? { roles.indices.contains(index) ? roles[index] : nil }
}
