import TamisBits

/// Spec §3.2. What comes before the payload of each unit; `payload_crc` comes after it.
package struct UnitHeader: SyntaxStructure, Equatable, Sendable {
    package enum UnitType: UInt8, Sendable, CaseIterable {
        case start = 1
        case modelParameterSet = 2
        case topology = 3
        case skeleton = 4
        case data = 5
        case group = 6
        case index = 7
        case end = 8

        /// The unit's name in the Spec.
        package var name: String {
            switch self {
            case .start: "start_unit"
            case .modelParameterSet: "model_parameter_set"
            case .topology: "topology_unit"
            case .skeleton: "skeleton_unit"
            case .data: "data_unit"
            case .group: "group_unit"
            case .index: "index_unit"
            case .end: "end_unit"
            }
        }
    }

    /// Bytes of a header: type, length, CRC.
    package static let byteCount = 13
    /// Bytes of the CRC-32C that follows each payload.
    package static let payloadCRCByteCount = 4
    /// A unit type with this bit may be skipped by a reader that does not know it.
    package static let ancillaryBit: UInt8 = 0x80

    package var unitType: UInt8 = 0
    package var payloadLength: UInt64 = 0
    /// CRC-32C of the elements before it.
    package var headerCRC: UInt32 = 0

    package init() {}

    package init(type: UInt8, payloadLength: UInt64) {
        unitType = type
        self.payloadLength = payloadLength
        headerCRC = computedCRC
    }

    package var isAncillary: Bool { unitType & Self.ancillaryBit != 0 }

    package var computedCRC: UInt32 {
        var writer = ByteWriter()
        writer.u8(unitType)
        writer.u64(payloadLength)
        var crc = CRC32C()
        writer.bytes.withView { crc.update($0) }
        return crc.value
    }

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("unit_header")
        try visitor.u8("unit_type", &unitType, 0...255)
        try visitor.u64("payload_length", &payloadLength, 0...UInt64.max)
        try visitor.u32("header_crc", &headerCRC)
        visitor.end()
    }
}
