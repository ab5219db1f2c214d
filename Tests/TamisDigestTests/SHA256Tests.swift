import TamisTestSupport
import Testing

@testable import TamisDigest

struct SHA256Tests {
    static func digest(_ bytes: [UInt8]) -> String { Hexadecimal.text(bytes.withUnsafeBytes { SHA256.of($0) }) }

    /// FIPS 180-4's worked examples, and the empty message.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func publishedDigest(text: String, expected: String) {
        #expect(Self.digest(Array(text.utf8)) == expected)
    }

    @Test func millionLetters() {
        var hash = SHA256()
        let thousand = [UInt8](repeating: 0x61, count: 1000)
        for _ in 0..<1000 { thousand.withUnsafeBytes { hash.update($0) } }
        #expect(hash.hexadecimal == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    /// Every length around the two block boundaries that padding meets: the digest of all digests, from an independent implementation.
    @Test func everyShortLength() {
        var all = SHA256()
        for count in 0..<300 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ count) }
            bytes.withUnsafeBytes { SHA256.of($0) }.withUnsafeBytes { all.update($0) }
        }
        #expect(all.hexadecimal == "d5238871a46ac4a1a75ac3fb19d645b0b3b9e5f35f5f720e2b240d605c6b694e")
    }

    @Test func partsGiveTheDigestOfTheWhole() {
        var random = SplitMix64(seed: 11)
        let bytes = (0..<3000).map { _ in UInt8.random(in: 0...255, using: &random) }
        for _ in 0..<200 {
            let count = Int.random(in: 0...bytes.count, using: &random)
            var hash = SHA256()
            var position = 0
            while position < count {
                let size = min(count - position, Int.random(in: 0...150, using: &random))
                bytes[position..<(position + size)].withUnsafeBytes { hash.update($0) }
                position += size
                if position == count / 2 { _ = hash.value }
            }
            #expect(hash.value == bytes.prefix(count).withUnsafeBytes { SHA256.of($0) }, "count \(count)")
        }
    }

    @Test func plainAndFastCompressionAgree() {
        var random = SplitMix64(seed: 13)
        var fast: SHA256.State = (1, 2, 3, 4, 5, 6, 7, 8)
        var plain = fast
        for blockCount in 0..<40 {
            let blocks = (0..<(64 * blockCount)).map { _ in UInt8.random(in: 0...255, using: &random) }
            blocks.withUnsafeBytes {
                SHA256.compress($0, into: &fast)
                SHA256.compressPlainly($0, into: &plain)
            }
            #expect([fast.0, fast.1, fast.2, fast.3] == [plain.0, plain.1, plain.2, plain.3])
            #expect([fast.4, fast.5, fast.6, fast.7] == [plain.4, plain.5, plain.6, plain.7])
        }
    }

    @Test func hexadecimal() {
        #expect(Hexadecimal.text([]) == "")
        #expect(Hexadecimal.text([0x00, 0x09, 0x0A, 0x9F, 0xF0, 0xFF]) == "00090a9ff0ff")
    }
}
