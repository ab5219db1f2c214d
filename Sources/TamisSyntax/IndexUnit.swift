import TamisBits

/// Spec §4.7. Where everything is, and what the decoded files must be.
package struct IndexUnit: SyntaxStructure, Equatable, Sendable {
    /// All units before this one, in file order.
    package var units: [IndexedUnit] = []
    /// For each tensor of the topology: the number, in `units`, of the unit that holds it.
    package var tensorUnits: [TensorPlace] = []
    /// One entry per file of the topology.
    package var files: [FileDigest] = []

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("index_unit")
        try visitor.list(count: "unit_count", &units, bound: \.units, minimumItemBytes: 2)
        try visitor.list(count: "place_count", &tensorUnits, bound: \.tensors, minimumItemBytes: 1)
        try visitor.list(count: "digest_count", &files, bound: \.files, minimumItemBytes: 32)
        visitor.end()
    }
}

/// Spec §4.7. A unit's type and length; its place follows from the lengths before it.
package struct IndexedUnit: SyntaxStructure, Equatable, Sendable {
    package var unitType: UInt8 = 0
    /// Header, payload and CRC together.
    package var byteCount: UInt64 = 0

    package init() {}

    package init(unitType: UInt8, byteCount: UInt64) {
        self.unitType = unitType
        self.byteCount = byteCount
    }

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("indexed_unit")
        try visitor.u8("indexed_unit_type", &unitType, 1...255)
        try visitor.uv("unit_bytes", &byteCount, UInt64(UnitHeader.byteCount + UnitHeader.payloadCRCByteCount)...UInt64.max)
        visitor.end()
    }
}

/// Spec §4.7. The unit that holds a tensor.
package struct TensorPlace: SyntaxStructure, Equatable, Sendable {
    package var unitNumber: UInt64 = 0

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("tensor_place")
        try visitor.uv("unit_number", &unitNumber, 0...UInt64(UInt32.max))
        visitor.end()
    }
}

/// Spec §4.7. The digest of a decoded file.
package struct FileDigest: SyntaxStructure, Equatable, Sendable {
    package var sha256 = [UInt8](repeating: 0, count: 32)

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("file_digest")
        try visitor.bytes("file_sha256", &sha256, count: 32)
        visitor.end()
    }
}
