/// CRC-32C (Castagnoli): polynomial 0x1EDC6F41, reflected, initial value and final xor 0xFFFFFFFF (RFC 3720, appendix B.4).
package struct CRC32C: Sendable {
    /// Eight tables of 256: entry (k, b) is the CRC of byte b followed by k zero bytes ("slicing by eight").
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
            tables[byte] = crc
        }
        for k in 1..<8 {
            for byte in 0..<256 {
                let previous = tables[(k - 1) * 256 + byte]
                tables[k * 256 + byte] = (previous >> 8) ^ tables[Int(previous & 0xFF)]
            }
        }
        return tables
    }()

    private var state: UInt32 = 0xFFFF_FFFF

    package init() {}

    package mutating func update(_ bytes: ByteView) {
        var crc = state
        let tables = Self.tables.span
        var position = 0
        while position + 8 <= bytes.count {
            let word = bytes.load(position, as: UInt64.self) ^ UInt64(crc)
            crc = tables[1792 + Int(word & 0xFF)]
                ^ tables[1536 + Int((word >> 8) & 0xFF)]
                ^ tables[1280 + Int((word >> 16) & 0xFF)]
                ^ tables[1024 + Int((word >> 24) & 0xFF)]
                ^ tables[768 + Int((word >> 32) & 0xFF)]
                ^ tables[512 + Int((word >> 40) & 0xFF)]
                ^ tables[256 + Int((word >> 48) & 0xFF)]
                ^ tables[Int(word >> 56)]
            position += 8
        }
        while position < bytes.count {
            let byte = bytes[position]
            crc = (crc >> 8) ^ tables[Int((crc ^ UInt32(byte)) & 0xFF)]
            position += 1
        }
        state = crc
    }

    package var value: UInt32 { ~state }

    package static func of(_ bytes: ByteView) -> UInt32 {
        var crc = CRC32C()
        crc.update(bytes)
        return crc.value
    }
}
