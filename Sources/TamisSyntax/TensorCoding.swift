import TamisBits

/// Spec §4.5. How the values of one tensor follow from coded bytes: the fields of a data unit and of a group entry share this form.
package struct IndexQuantizer: SyntaxStructure, Equatable, Sendable {
    /// Distance between neighbouring reconstruction values.
    package var step: Float = 1
    /// Shift of the reconstruction away from zero, in 256ths of a step: the quantizer's deadzone δ is ½ + offset ⁄ 256.
    package var reconstructionOffset: Int64 = 0
    /// Expected magnitude of an index: 2^((code − 16) ⁄ 2).
    package var magnitudeCode: UInt8 = 16

    /// Within these bounds no reconstruction overflows or is subnormal by the step alone (Spec §7).
    package static let stepRange: ClosedRange<Float> = 0x1p-100...0x1p80
    package static let reconstructionOffsetRange: ClosedRange<Int64> = -128...128
    package static let magnitudeCodeRange: ClosedRange<UInt8> = 0...80

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("index_quantizer")
        try visitor.f32("step", &step, Self.stepRange)
        try visitor.sv("reconstruction_offset", &reconstructionOffset, Self.reconstructionOffsetRange)
        try visitor.u8("magnitude_code", &magnitudeCode, Self.magnitudeCodeRange)
        visitor.end()
    }
}

/// How a tensor is coded (Spec §4.5).
package enum CodingMode: UInt8, Sendable {
    /// Its bytes as they are, in a zstd frame.
    case raw = 0
    /// Quantization indices in arithmetic codewords.
    case index = 1

    package static let range: ClosedRange<UInt8> = 0...1
}
