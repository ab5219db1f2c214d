/// A model seen as skeletons with holes (Spec §5): which byte ranges of its files are payloads of which tensors.
///
/// A converter such as `TamisONNX` makes one; the encoder needs nothing else to know about the format of the files.
public struct SourceModel: Sendable, Equatable {
    /// A file of the model.
    public struct File: Sendable, Equatable {
        /// Its path from the folder of the model's first file on, components separated by `/`.
        public let name: String
        public let byteCount: UInt64

        public init(name: String, byteCount: UInt64) {
            self.name = name
            self.byteCount = byteCount
        }
    }

    /// Bytes `offset ..< offset + byteCount` of the file are exactly the elements of `tensor`: little-endian, C order, packed if they
    /// have less than 8 bits.
    public struct Hole: Sendable, Equatable {
        /// Index into `files`.
        public let file: Int
        public let offset: UInt64
        public let byteCount: UInt64
        /// Index into `tensors`.
        public let tensor: Int

        public init(file: Int = 0, offset: UInt64, byteCount: UInt64, tensor: Int) {
            self.file = file
            self.offset = offset
            self.byteCount = byteCount
            self.tensor = tensor
        }

        /// The bytes of the file, which is in memory.
        public var range: Range<Int> { Int(offset)..<Int(offset + byteCount) }
    }

    /// A further name of a tensor, which the model stores more than once.
    public struct Alias: Sendable, Equatable {
        /// Differs from the names of all tensors and other aliases.
        public let name: String
        /// Index into `tensors`.
        public let tensor: Int

        public init(name: String, tensor: Int) {
            self.name = name
            self.tensor = tensor
        }
    }

    /// Name of the format, for example `onnx`.
    public let format: String
    /// The first one is the model itself, the others hold tensors of it.
    public let files: [File]
    public let tensors: [TensorDescription]
    /// By file, then in ascending order of offset, without overlap; each as long as its tensor; each tensor has at least one hole.
    public let holes: [Hole]
    public let aliases: [Alias]

    /// Elements of all tensors of floating-point types in the files, in holes or not.
    public let floatElementCount: UInt64

    /// What each tensor does in the network, in the order of `tensors`; empty if the producer does not say for any.
    public let roles: [LayerRole?]

    /// - Parameter roles: none, or as many as tensors.
    public init(
        format: String, files: [File], tensors: [TensorDescription], holes: [Hole], aliases: [Alias] = [], floatElementCount: UInt64,
        roles: [LayerRole?] = []
    ) {
        self.format = format
        self.files = files
        self.tensors = tensors
        self.holes = holes
        self.aliases = aliases
        self.floatElementCount = floatElementCount
        self.roles = roles
    }

    /// The role of tensor `index`, or nil if the producer of the model did not say.
    public func role(of index: Int) -> LayerRole? { roles.indices.contains(index) ? roles[index] : nil }

    /// Bytes of all files.
    public var byteCount: UInt64 { files.reduce(0) { $0 + $1.byteCount } }
}
