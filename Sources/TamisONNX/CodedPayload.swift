import TamisModel

/// The bytes of a tensor that the encoder takes out of the file.
struct CodedPayload: Sendable {
    let elementType: ElementType
    let shape: Shape
    /// Place in the file; exactly as long as the tensor.
    let range: Range<Int>
}
