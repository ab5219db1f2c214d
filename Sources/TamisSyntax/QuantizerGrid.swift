import TamisBits

/// Spec §4.5. Where the values of a tensor lie: data units and entries of group units share this form.
package struct QuantizerGrid: SyntaxStructure, Equatable, Sendable {
    /// Distance between neighbouring reconstruction values.
    package var step: Float = 1
    /// Shift of the reconstruction away from zero, in 256ths of a step: the quantizer's deadzone δ is ½ + offset ⁄ 256.
    package var reconstructionOffset: Int64 = 0

    /// Within these bounds no reconstruction overflows or is subnormal by the step alone (Spec §7).
    package static let stepRange: ClosedRange<Float> = 0x1p-100...0x1p80
    package static let reconstructionOffsetRange: ClosedRange<Int64> = -128...128

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("quantizer_grid")
        try visitor.f32("step", &step, Self.stepRange)
        try visitor.sv("reconstruction_offset", &reconstructionOffset, Self.reconstructionOffsetRange)
        visitor.end()
    }
}
