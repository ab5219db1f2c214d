import TamisBits

/// Spec §4.6. Many small tensors under one checksum and one digest.
///
/// After this header: a zstd frame with the bytes of all `raw` tensors (absent if there are none), the codeword with the indices
/// of all `index` tensors, and its raw bits.
package struct GroupUnit: SyntaxStructure, Equatable, Sendable {
    /// XXH64 (seed 0) of the decoded tensors' bytes, one after the other.
    package var groupDigest: UInt64 = 0
    /// Root mean square of what all tensors with other bytes than the source's lost together (Spec §8.4).
    package var weightError: Float = 0
    package var entries: [GroupEntry] = []
    /// As `magnitude_code` of a data unit.
    package var magnitudeCode: UInt8 = 16
    package var adaptationLimit: UInt8 = 6
    /// Bytes of the zstd frame; 0 if there is none.
    package var rawFrameBytes: UInt64 = 0
    /// Bytes of the codeword; 0 if there is none.
    package var codewordBytes: UInt64 = 0
    package var rawBytes: UInt64 = 0

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("group_unit")
        try visitor.u64("group_digest", &groupDigest, 0...UInt64.max)
        try visitor.weightError("group_weight_error", &weightError)
        try visitor.list(count: "entry_count", &entries, bound: \.tensors, minimumItemBytes: 2)
        try visitor.u8("group_magnitude_code", &magnitudeCode, IndexCoding.magnitudeCodeRange)
        try visitor.u8("group_adaptation_limit", &adaptationLimit, IndexCoding.adaptationLimitRange)
        try visitor.uv("group_raw_frame_bytes", &rawFrameBytes, 0...UInt64.max)
        try visitor.uv("group_codeword_bytes", &codewordBytes, 0...UInt64(UInt32.max))
        try visitor.uv("group_raw_bytes", &rawBytes, 0...UInt64(UInt32.max))
        visitor.end()
    }
}

/// Spec §4.6. One tensor of a group.
package struct GroupEntry: SyntaxStructure, Equatable, Sendable {
    package var tensorIndex: UInt64 = 0
    package var codingMode: UInt8 = GroupedCodingMode.raw.rawValue
    package var grid = QuantizerGrid()
    /// The scale class of all indices of the tensor, 0 … 16.
    package var scaleClass: UInt8 = 8

    package init() {}

    package var isIndex: Bool { codingMode == GroupedCodingMode.index.rawValue }

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("group_entry")
        try visitor.uv("entry_tensor_index", &tensorIndex, 0...UInt64(UInt32.max))
        try visitor.u8("entry_coding_mode", &codingMode, 0...Syntax.maximumReserved)
        guard let mode = GroupedCodingMode(rawValue: codingMode) else { throw visitor.unsupported("entry_coding_mode", "coding mode \(codingMode) in a group") }
        if mode == .index {
            try grid.visit(&visitor)
            try visitor.u8("entry_scale_class", &scaleClass, 0...16)
        }
        visitor.end()
    }
}
