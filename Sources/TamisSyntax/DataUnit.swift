import TamisBits

/// Spec §4.5. One tensor. In `raw` mode a zstd frame follows; in `index` and `float` mode codewords that hold for all slices, then the slices.
package struct DataUnit: SyntaxStructure, Equatable, Sendable {
    package var tensorIndex: UInt64 = 0
    /// XXH64 (seed 0) of the decoded tensor's bytes.
    package var tensorDigest: UInt64 = 0
    /// Root mean square of what the tensor lost (Spec §8.4).
    package var weightError: Float = 0
    package var codingMode: UInt8 = CodingMode.raw.rawValue
    package var indexCoding = IndexCoding()
    package var floatCoding = FloatCoding()

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("data_unit")
        try visitor.uv("tensor_index", &tensorIndex, 0...UInt64(UInt32.max))
        try visitor.u64("tensor_digest", &tensorDigest, 0...UInt64.max)
        try visitor.weightError("weight_error", &weightError)
        try visitor.u8("coding_mode", &codingMode, 0...Syntax.maximumReserved)
        if CodingMode(rawValue: codingMode) == nil { throw visitor.unsupported("coding_mode", "coding mode \(codingMode)") }
        if codingMode == CodingMode.index.rawValue { try indexCoding.visit(&visitor) }
        if codingMode == CodingMode.float.rawValue { try floatCoding.visit(&visitor) }
        visitor.end()
    }
}

/// Spec §4.5. The parameters of `index` mode.
package struct IndexCoding: SyntaxStructure, Equatable, Sendable {
    package struct Tools: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A scale class per row is sent.
        package static let rowClasses = Tools(rawValue: 1)
        /// A scale class per column is sent.
        package static let columnClasses = Tools(rawValue: 2)
        /// The magnitudes of the two indices before select contexts.
        package static let neighbourContexts = Tools(rawValue: 4)
        /// The signs of three earlier indices select the context of the sign.
        package static let signContexts = Tools(rawValue: 8)
    }

    /// A `QuantizerKind`; of the next six, those that it needs are sent.
    package var quantizerKind: UInt8 = QuantizerKind.uniform.rawValue
    package var grid = QuantizerGrid()
    package var trellisStatesLog2: UInt8 = 3
    package var codebook = Codebook()
    package var companding = Companding()
    package var minifloat = MinifloatFormat()
    package var integerCoding = IntegerCoding()
    /// Expected magnitude of an index of the central scale class: 2^((code − 16) ⁄ 2).
    package var magnitudeCode: UInt8 = 16
    package var rowAxis: UInt8 = 0
    package var rowAxisCount: UInt8 = 1
    /// 0: C order of the tensor; 1: row after row of the matrix view.
    package var codingOrder: UInt8 = 0
    package var tools: Tools = []
    /// α of Δ_row = Δ · 2^(α · class ⁄ 2), in halves.
    package var rowStepExponent: UInt8 = 0
    /// Adaptation slows down to 2^−limit.
    package var adaptationLimit: UInt8 = 8
    package var signDistance1: UInt64 = 1
    package var signDistance2: UInt64 = 1
    package var lineClassBytes: UInt64 = 0

    package static let magnitudeCodeRange: ClosedRange<UInt8> = 0...80
    package static let adaptationLimitRange: ClosedRange<UInt8> = 4...10

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("index_coding")
        try visitor.u8("quantizer_kind", &quantizerKind, 0...Syntax.maximumReserved)
        if QuantizerKind(rawValue: quantizerKind) == nil { throw visitor.unsupported("quantizer_kind", "quantizer \(quantizerKind)") }
        if quantizerKind <= QuantizerKind.trellis.rawValue { try grid.visit(&visitor) }
        if quantizerKind == QuantizerKind.trellis.rawValue { try visitor.u8("trellis_states_log2", &trellisStatesLog2, 3...8) }
        if quantizerKind == QuantizerKind.codebook.rawValue { try codebook.visit(&visitor) }
        if quantizerKind == QuantizerKind.companded.rawValue { try companding.visit(&visitor) }
        if quantizerKind == QuantizerKind.minifloat.rawValue { try minifloat.visit(&visitor) }
        if quantizerKind == QuantizerKind.integer.rawValue { try integerCoding.visit(&visitor) }
        try visitor.u8("magnitude_code", &magnitudeCode, Self.magnitudeCodeRange)
        try visitor.u8("row_axis", &rowAxis, 0...Syntax.maximumRank)
        try visitor.u8("row_axis_count", &rowAxisCount, 0...Syntax.maximumRank)
        try visitor.u8("coding_order", &codingOrder, 0...1)
        var toolBits = tools.rawValue
        try visitor.u8("coding_tools", &toolBits, 0...15)
        tools = Tools(rawValue: toolBits)
        try visitor.u8("row_step_exponent", &rowStepExponent, 0...2)
        try visitor.u8("adaptation_limit", &adaptationLimit, Self.adaptationLimitRange)
        if tools.contains(.signContexts) {
            try visitor.uv("sign_distance_1", &signDistance1, 1...UInt64(UInt32.max))
            try visitor.uv("sign_distance_2", &signDistance2, 1...UInt64(UInt32.max))
        }
        if !tools.isDisjoint(with: [.rowClasses, .columnClasses]) {
            try visitor.uv("line_class_bytes", &lineClassBytes, 1...UInt64.max)
        }
        visitor.end()
    }
}

/// Spec §4.5. Where a slice's bytes lie: slices follow one another, each its codeword, then its raw bits.
package struct SliceEntry: SyntaxStructure, Equatable, Sendable {
    package var codewordBytes: UInt64 = 1
    package var rawBytes: UInt64 = 0

    package init() {}

    package init(codewordBytes: UInt64, rawBytes: UInt64) {
        self.codewordBytes = codewordBytes
        self.rawBytes = rawBytes
    }

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("slice_entry")
        try visitor.uv("codeword_bytes", &codewordBytes, 1...UInt64(UInt32.max))
        try visitor.uv("raw_bytes", &rawBytes, 0...UInt64(UInt32.max))
        visitor.end()
    }
}
