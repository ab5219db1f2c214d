/// What is known of a tensor without its values.
public struct TensorDescription: Sendable, Equatable {
    /// Unique in its model; a path where the model file itself gives no unique name.
    public let name: String
    public let elementType: ElementType
    public let shape: Shape

    public init(name: String, elementType: ElementType, shape: Shape) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
    }

    /// Bytes of all elements, or nil if 64 bits do not hold the number.
    public var byteCount: UInt64? {
        let (product, overflow) = shape.elementCount.multipliedReportingOverflow(by: UInt64(elementType.byteCount))
        return overflow ? nil : product
    }
}
