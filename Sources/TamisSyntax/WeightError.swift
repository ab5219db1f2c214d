import TamisBits

/// Spec §8.4: the root mean square of the differences between a tensor and what it decodes to, as the stream states it.
package enum WeightError {
    package static let range: ClosedRange<Float> = 0...0x1p127

    /// - Parameters:
    ///   - squares: sum of the squared differences.
    ///   - count: number of elements.
    package static func rounded(squares: Double, count: UInt64) -> Float {
        // A difference is never stated as none.
        squares > 0 ? max(Float(min((squares / Double(count)).squareRoot(), 0x1p127)), .leastNonzeroMagnitude) : 0
    }
}

extension SyntaxVisitor {
    package mutating func weightError(_ element: StaticString, _ value: inout Float) throws(TamisError) {
        try f32(element, &value, WeightError.range)
        if value == 0 && value.sign == .minus { throw contradiction(element, .valueOutOfRange, "the value is -0, expected 0 … 2^127") }
    }

    /// The error of a value that a later version may give a meaning (Spec §11).
    package func unsupported(_ element: StaticString, _ what: String) -> TamisError {
        var error = contradiction(element, .unsupportedFeature, "the stream has \(what), which this version does not know")
        error.advice = "use a newer version of Tamis"
        return error
    }
}
