import TamisBits

/// Spec §4.8. The last bytes of every file, of fixed size, so that a reader can begin at the end.
package struct EndUnit: SyntaxStructure, Equatable, Sendable {
    /// Bytes of the whole file, signature and this unit included.
    package var totalBytes: UInt64 = 0
    /// Place of the index unit's header.
    package var indexOffset: UInt64 = 0
    /// XXH64 (seed 0) of `header_crc` and `payload_crc` of each unit before this one, in file order, as written.
    package var unitHash: UInt64 = 0

    package static let payloadByteCount = 24
    /// Header, payload and CRC.
    package static let byteCount = UnitHeader.byteCount + payloadByteCount + UnitHeader.payloadCRCByteCount

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("end_unit")
        try visitor.u64("total_bytes", &totalBytes, 0...UInt64.max)
        try visitor.u64("index_offset", &indexOffset, 0...UInt64.max)
        try visitor.u64("unit_hash", &unitHash, 0...UInt64.max)
        visitor.end()
    }
}
