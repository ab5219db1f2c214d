import TamisBits
import TamisTestSupport
import Testing

struct CRC32CTests {
    static func crc(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { CRC32C.of(ByteView(unsafe: $0)) } }

    /// RFC 3720, appendix B.4, and the check value of the catalogue of parametrised CRC algorithms.
    @Test(arguments: [
        (Array("123456789".utf8), 0xE306_9283),
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        (Array(0..<32), 0x46DD_794E),
        (Array((0..<32).reversed()), 0x113F_DB5C),
        ([], 0),
    ] as [([UInt8], UInt32)])
    func publishedValue(bytes: [UInt8], expected: UInt32) {
        #expect(Self.crc(bytes) == expected)
    }

    /// The definition, bit by bit.
    static func plain(_ bytes: [UInt8]) -> UInt32 {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
        }
        return ~crc
    }

    @Test func everyShortLengthAndPlace() {
        var random = SplitMix64(seed: 1)
        let bytes = (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
        for start in 0..<9 {
            for end in start...bytes.count {
                let part = bytes.withUnsafeBytes { CRC32C.of(ByteView(unsafe: UnsafeRawBufferPointer(rebasing: $0[start..<end]))) }
                #expect(part == Self.plain(Array(bytes[start..<end])))
            }
        }
    }

    @Test func partsGiveTheValueOfTheWhole() {
        var random = SplitMix64(seed: 2)
        let bytes = (0..<1000).map { _ in UInt8.random(in: 0...255, using: &random) }
        for cut in 0...bytes.count {
            var crc = CRC32C()
            bytes.withUnsafeBytes { buffer in
                let view = ByteView(unsafe: buffer)
                crc.update(view[0..<cut])
                crc.update(view[cut..<bytes.count])
            }
            #expect(crc.value == Self.crc(bytes))
        }
    }
}
