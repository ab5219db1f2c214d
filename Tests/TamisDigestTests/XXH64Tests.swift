import TamisTestSupport
import Testing

@testable import TamisDigest

struct XXH64Tests {
    /// The bytes that the reference implementation's own sanity check hashes.
    static let sanityBytes: [UInt8] = {
        var generator: UInt64 = 2_654_435_761
        return (0..<2243).map { _ in
            defer { generator = generator &* 11_400_714_785_074_694_797 }
            return UInt8(generator >> 56)
        }
    }()

    @Test(arguments: [
        (0, 0, 0xEF46_DB37_51D8_E999), (0, 2_654_435_761, 0xAC75_FDA2_929B_17EF),
        (1, 0, 0xE934_A84A_DB05_2768), (1, 2_654_435_761, 0x5014_6076_43A9_B4C3),
        (4, 0, 0x9136_A0DC_A574_57EE), (14, 0, 0x8282_DCC4_994E_35C8),
        (14, 2_654_435_761, 0xC3BD_6BF6_3DEB_6DF0), (222, 0, 0xB641_AE8C_B691_C174),
        (222, 2_654_435_761, 0x20CB_8AB7_AE10_C14A),
    ] as [(Int, UInt64, UInt64)])
    func publishedValue(count: Int, seed: UInt64, expected: UInt64) {
        #expect(Self.sanityBytes.prefix(count).withUnsafeBytes { XXH64.of($0, seed: seed) } == expected)
    }

    @Test func publishedText() {
        #expect(Array("abc".utf8).withUnsafeBytes { XXH64.of($0) } == 0x44BC_2CF5_AD77_0999)
        var hash = XXH64()
        #expect(hash.hexadecimal == "ef46db3751d8e999")
        Array("abc".utf8).withUnsafeBytes { hash.update($0) }
        #expect(hash.hexadecimal == "44bc2cf5ad770999")
    }

    @Test func partsGiveTheValueOfTheWhole() {
        let bytes = Self.sanityBytes
        var random = SplitMix64(seed: 7)
        for _ in 0..<300 {
            let count = Int.random(in: 0...bytes.count, using: &random)
            let whole = bytes.prefix(count).withUnsafeBytes { XXH64.of($0, seed: 3) }
            var hash = XXH64(seed: 3)
            var position = 0
            while position < count {
                let size = min(count - position, Int.random(in: 0...70, using: &random))
                bytes[position..<(position + size)].withUnsafeBytes { hash.update($0) }
                position += size
                if position == count / 2 { _ = hash.value }
            }
            #expect(hash.value == whole, "count \(count)")
        }
    }

    @Test func unalignedBytesGiveTheSameValue() {
        let bytes = Self.sanityBytes
        let expected = bytes.withUnsafeBytes { XXH64.of($0) }
        for offset in 1..<8 {
            let shifted = [UInt8](repeating: 0, count: offset) + bytes
            #expect(shifted.withUnsafeBytes { XXH64.of(UnsafeRawBufferPointer(rebasing: $0[offset...])) } == expected)
        }
    }
}
