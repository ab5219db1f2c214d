import TamisModel

/// A weight in another form than that of the model: how it is stored, and how a node makes the old values of it.
public struct StoredWeight: Sendable, Equatable {
    /// What multiplies integers.
    public enum Scales: Sendable, Equatable {
        /// One number for all.
        case tensor(Float)
        /// One for each place along an axis.
        case axis(Int, [Float])
        /// One for each block of `blockElements` elements along the last axis named, `shape` being those of the scales.
        case blocks(axis: Int, blockElements: UInt64, shape: [UInt64], [Float])

        /// The first version of the standard operators whose DequantizeLinear has such scales.
        public var operatorSet: Int64 {
            switch self {
            case .tensor: 10
            case .axis: 13
            case .blocks: 21
            }
        }
    }

    /// What is stored in the place of the values, and how they come back.
    public enum Form: Sendable, Equatable {
        /// Value = (integer − zeroPoint) · scale. Integers of `bits` 8, or of 4, then two in a byte, the first in its lower half.
        case integers(bits: Int, Scales, zeroPoint: Int8)
        /// float16 or bfloat16, which Cast turns to float32.
        case half(ElementType)

        /// The first version of the standard operators that has the type and the node.
        public var operatorSet: Int64 {
            switch self {
            case .integers(bits: 4, _, _): 21
            case .integers(_, let scales, _): scales.operatorSet
            case .half(let type): type == .bfloat16 ? 13 : 6
            }
        }
    }

    public let form: Form
    /// The file number by which pieces name the stored bytes, above those of the model's files.
    public let file: Int
    public let byteCount: UInt64

    public init(form: Form, file: Int, byteCount: UInt64) {
        self.form = form
        self.file = file
        self.byteCount = byteCount
    }
}
