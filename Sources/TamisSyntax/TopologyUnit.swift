import TamisBits

/// Spec §4.3. The payload is this header, then one zstd frame that decodes to `body_bytes` bytes: a `TopologyBody`.
package struct TopologyUnit: SyntaxStructure, Equatable, Sendable {
    package var bodyBytes: UInt64 = 0

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("topology_unit")
        try visitor.uv("body_bytes", &bodyBytes, 0...UInt64.max)
        visitor.end()
    }
}
