import TamisModel

/// In which files and types a model is written when it is decoded.
public struct ExportOptions: Sendable, Equatable {
    /// Which files come out.
    public enum Layout: Sendable, Equatable {
        /// The files that were encoded.
        case asStored
        /// One ONNX file with all data inside; at most 2 GiB.
        case singleFile
        /// The ONNX file, and one file beside it that has the data of its larger tensors; nil: named like the model, with `.data` appended.
        case external(name: String?)
    }

    /// What weights are stored as.
    public enum Form: Sendable, Equatable {
        /// Weights have the type that they had.
        case float
        /// Weights that are integers times a step are stored as integers of 8 or 4 bits, and a DequantizeLinear node behind each gives
        /// the same values, bit by bit.
        case qdq
    }

    /// `asStored` with another form than the model's own is `singleFile` for a model of one file, and `external` for others.
    public var layout: Layout
    public var form: Form
    /// float16 or bfloat16: float32 weights (those that are not integers by `form`) are stored rounded to it, and a Cast node behind each
    /// gives float32 again. nil: as they are.
    public var elementType: ElementType?

    public init(layout: Layout = .asStored, form: Form = .float, elementType: ElementType? = nil) {
        self.layout = layout
        self.form = form
        self.elementType = elementType
    }

    /// The graph of the model changes.
    var changesWeights: Bool { form != .float || elementType != nil }
}
