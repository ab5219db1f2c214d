import TamisBits

/// Spec §4.4. The payload is this header, then one zstd frame that decodes to the file's `skeleton_bytes` bytes.
package struct SkeletonUnit: SyntaxStructure, Equatable, Sendable {
    package var fileIndex: UInt64 = 0

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("skeleton_unit")
        try visitor.uv("file_index", &fileIndex, 0...UInt64(UInt32.max))
        visitor.end()
    }
}
