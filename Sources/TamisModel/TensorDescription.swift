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

    /// Bytes of all elements, packed if they have less than 8 bits each, the last byte filled up; nil if 64 bits do not hold the number.
    public var byteCount: UInt64? {
        let bits = UInt64(elementType.bitCount)
        let (product, overflow) = shape.elementCount.multipliedReportingOverflow(by: bits % 8 == 0 ? bits / 8 : bits)
        if overflow { return nil }
        return bits % 8 == 0 ? product : product / 8 + (product % 8 == 0 ? 0 : 1)
    }
}
