import TamisBits

/// Spec §4.5. Values that grow exponentially: sgn(q) · amplitude · ((1 + growth)^|q| − 1).
package struct Companding: SyntaxStructure, Equatable, Sendable {
    package var amplitude: Float = 1
    package var growth: Float = 1
    /// The largest magnitude of an index.
    package var levels: UInt64 = 1

    package static let amplitudeRange: ClosedRange<Float> = 0x1p-100...0x1p80
    package static let growthRange: ClosedRange<Float> = 0x1p-24...0x1p10
    package static let levelsRange: ClosedRange<UInt64> = 1...65535

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("companding")
        try visitor.f32("companding_amplitude", &amplitude, Self.amplitudeRange)
        try visitor.f32("companding_growth", &growth, Self.growthRange)
        try visitor.uv("companding_levels", &levels, Self.levelsRange)
        visitor.end()
    }
}
