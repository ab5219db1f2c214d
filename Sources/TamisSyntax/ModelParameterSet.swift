import TamisBits

/// Spec §4.2. What holds for the whole model, and how the file was made.
package struct ModelParameterSet: SyntaxStructure, Equatable, Sendable {
    /// Binary logarithm of the number of elements in a slice.
    package var sliceElementsLog2: UInt8 = 16
    /// Name and version of the encoder, for people.
    package var encoderName = ""
    /// The options the encoder was given, for people.
    package var encoderOptions = ""
    /// Format of the source files, for example `onnx`.
    package var sourceFormat = ""
    /// Elements of all tensors of floating-point types in the source, coded or not; for people.
    package var sourceFloatElements: UInt64 = 0
    /// One entry per file of the topology, in its order.
    package var sources: [SourceFile] = []

    package static let sliceElementsLog2Range: ClosedRange<UInt8> = 4...20

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("model_parameter_set")
        try visitor.u8("slice_elements_log2", &sliceElementsLog2, Self.sliceElementsLog2Range)
        try visitor.text("encoder_name", &encoderName, maximumBytes: 255)
        try visitor.text("encoder_options", &encoderOptions, maximumBytes: Syntax.maximumTextBytes)
        try visitor.text("source_format", &sourceFormat, maximumBytes: 255)
        try visitor.uv("source_float_elements", &sourceFloatElements, 0...UInt64.max)
        try visitor.list(count: "source_count", &sources, bound: \.files, minimumItemBytes: 33)
        visitor.end()
    }
}

/// Spec §4.2. The identity of a file the encoder read.
package struct SourceFile: SyntaxStructure, Equatable, Sendable {
    package var byteCount: UInt64 = 0
    package var sha256 = [UInt8](repeating: 0, count: 32)

    package init() {}

    package init(byteCount: UInt64, sha256: [UInt8]) {
        self.byteCount = byteCount
        self.sha256 = sha256
    }

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("source_file")
        try visitor.uv("source_bytes", &byteCount, 0...UInt64.max)
        try visitor.bytes("source_sha256", &sha256, count: 32)
        visitor.end()
    }
}
