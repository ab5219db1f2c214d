import TamisModel

/// The bytes of a tensor that the encoder takes out of a file.
struct CodedPayload: Sendable {
    let elementType: ElementType
    let shape: Shape
    /// Index of the file: 0 for the model itself, then its side files.
    let file: Int
    /// Place in the file; exactly as long as the tensor.
    let range: Range<UInt64>
}
