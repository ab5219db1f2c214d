/// The dimensions of a tensor, outermost first (C order). An empty list is a scalar: one element.
public struct Shape: Sendable, Equatable, CustomStringConvertible {
    public let dimensions: [UInt64]
    /// Product of the dimensions.
    public let elementCount: UInt64

    /// - Returns: nil if the product of the dimensions does not fit 64 bits (a zero dimension does not excuse the others).
    public init?(_ dimensions: [UInt64]) {
        var product: UInt64 = 1
        var hasZero = false
        for dimension in dimensions {
            if dimension == 0 { hasZero = true; continue }
            let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
            if overflow { return nil }
            product = next
        }
        self.dimensions = dimensions
        self.elementCount = hasZero ? 0 : product
    }

    public var rank: Int { dimensions.count }

    /// For example `[64, 3, 3, 3]`.
    public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }
}
