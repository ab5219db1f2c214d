@testable import TamisArithmetic
import TamisBits
import TamisTestSupport
import Testing

@Suite("Raw bits come back, and no others are taken for them")
struct RawBitsTests {
    private static func written(_ values: [(UInt32, Int)]) -> [UInt8] {
        var writer = RawBitWriter(reservingBytes: 0)
        for (value, count) in values { writer.put(value, count) }
        return writer.finish()
    }

    private static func read(_ bytes: [UInt8], _ counts: [Int]) -> (values: [UInt32], isSound: Bool) {
        bytes.withView { view in
            var reader = RawBitReader(view)
            let values = counts.map { reader.take($0) }
            return (values, reader.finish())
        }
    }

    private static func random(_ random: inout SplitMix64, count: Int) -> [(UInt32, Int)] {
        (0..<count).map { _ in
            let bits = Int.random(in: 0...32, using: &random)
            return (UInt32(truncatingIfNeeded: random.next() & ((1 << UInt64(bits)) - 1)), bits)
        }
    }

    @Test func leastSignificantFirst() {
        #expect(Self.written([(1, 1), (0b10, 2), (0b10110, 5), (0xABC, 12)]) == [0b1011_0101, 0xBC, 0x0A])
        #expect(Self.written([]) == [])
        #expect(Self.written([(0, 0), (0, 0)]) == [])
        #expect(Self.read([], [0, 0]).isSound)
    }

    @Test(arguments: 1...60)
    func roundTrip(_ seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        let values = Self.random(&random, count: seed)
        let bytes = Self.written(values)
        let bitCount = values.reduce(0) { $0 + $1.1 }
        #expect(bytes.count == (bitCount + 7) / 8)
        let back = Self.read(bytes, values.map(\.1))
        #expect(back.values == values.map(\.0) && back.isSound)

        for byte in [0, 1, 0x80] as [UInt8] { #expect(!Self.read(bytes + [byte], values.map(\.1)).isSound) }
        #expect(!Self.read(bytes + [0, 0, 0, 0, 0, 0, 0, 0], values.map(\.1)).isSound)
        if bitCount > 0 { #expect(!Self.read(Array(bytes.dropLast()), values.map(\.1)).isSound) }
        for padding in (bitCount % 8 == 0 ? 8 : bitCount % 8)..<8 {
            var other = bytes
            other[bytes.count - 1] |= 1 << UInt8(padding)
            #expect(!Self.read(other, values.map(\.1)).isSound, "bit \(padding)")
        }
    }

    @Test func pastTheEndAreZeros() {
        let back = Self.read([0xFF], [4, 8, 32])
        #expect(back.values == [15, 15, 0] && !back.isSound)
        #expect(Self.read([], [32]).values == [0])
    }
}
