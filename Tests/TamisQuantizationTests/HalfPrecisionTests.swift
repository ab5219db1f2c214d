import TamisBits
import TamisModel
import TamisTestSupport
import Testing

@testable import TamisQuantization

/// Against the Swift library's own conversions, where it has them.
@Suite struct HalfPrecisionTests {
    @Test func everyFloat16HasItsValue() {
        for bits in UInt16.min...UInt16.max {
            let value = HalfPrecision.value(float16: bits)
            let expected = Float(Float16(bitPattern: bits))
            #expect(value.isNaN ? expected.isNaN : value.bitPattern == expected.bitPattern)
            if !value.isNaN { #expect(HalfPrecision.float16(value) == bits) }
        }
    }

    @Test func everyBfloat16HasItsValue() {
        for bits in UInt16.min...UInt16.max {
            let value = HalfPrecision.value(bfloat16: bits)
            #expect(value.bitPattern == UInt32(bits) << 16)
            if !value.isNaN { #expect(HalfPrecision.bfloat16(value) == bits) }
        }
    }

    @Test func roundsToNearestEven() {
        var random = SplitMix64(seed: 5)
        for _ in 0..<200_000 {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            if value.isNaN { continue }
            #expect(HalfPrecision.float16(value) == Float16(value).bitPattern, "\(value)")
            let near = Float(Float16(bitPattern: UInt16(truncatingIfNeeded: random.next())))
            // Between two neighbours, and just in the middle.
            for neighbour in [near.nextUp, near * 1.00048828125, (near + Float(Float16(near).nextUp)) / 2] where !neighbour.isNaN {
                #expect(HalfPrecision.float16(neighbour) == Float16(neighbour).bitPattern, "\(neighbour)")
            }
        }
        #expect(HalfPrecision.bfloat16(Float(bitPattern: 0x3F80_8000)) == 0x3F80)
        #expect(HalfPrecision.bfloat16(Float(bitPattern: 0x3F81_8000)) == 0x3F82)
        #expect(HalfPrecision.bfloat16(Float(bitPattern: 0x3F80_8001)) == 0x3F81)
    }

    @Test func infinityIsReported() {
        for (type, value) in [(ElementType.float16, Float(65520)), (.bfloat16, Float.greatestFiniteMagnitude)] {
            var bytes: [UInt8] = [0, 0]
            let isFinite = bytes.withUnsafeMutableBytes { bytes in
                [value].withUnsafeBufferPointer { HalfPrecision.write($0, as: type, range: 0..<1, of: MatrixView(elementCount: 1), to: ByteRegion(unsafe: bytes)) }
            }
            #expect(!isFinite)
        }
        #expect(HalfPrecision.float16(65519) == 0x7BFF)
    }
}
