import TamisBits
import TamisModel
import Testing

@testable import TamisConformance

@Suite("Measured weight errors")
struct MeasuredErrorTests {
    private static func error(_ type: ElementType, _ count: UInt64, _ source: [UInt8], _ decoded: [UInt8]) -> MeasuredError {
        var measured = MeasuredError()
        source.withView { source in
            decoded.withView { decoded in
                guard let shape = Shape([count]) else { return }
                measured.add(TensorDescription(name: "t", elementType: type, shape: shape), source: source, decoded: decoded)
            }
        }
        return measured
    }

    private static func bytes(_ values: [Float]) -> [UInt8] { values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) } } }

    @Test func floats() {
        let measured = Self.error(.float32, 4, Self.bytes([1, 2, 3, 4]), Self.bytes([1, 2, 3, 2]))
        #expect(measured.value == 1)
        #expect(measured.agrees(with: 1) && measured.agrees(with: 1 + 0x1p-17) && !measured.agrees(with: 1 + 0x1p-15) && !measured.agrees(with: 0))
        let none = Self.error(.float32, 2, Self.bytes([0, .nan]), Self.bytes([-0.0, .nan]))
        #expect(none.agrees(with: 0) && !none.agrees(with: .leastNonzeroMagnitude))
        #expect(Self.error(.float32, 1, Self.bytes([.nan]), Self.bytes([1])).agrees(with: 0x1p127))
        #expect(Self.error(.float32, 1, Self.bytes([.infinity]), Self.bytes([1])).agrees(with: 0x1p127))
        #expect(Self.error(.complex64, 1, Self.bytes([3, 0]), Self.bytes([0, 4])).value == (25.0 / 2).squareRoot())
    }

    @Test func integers() {
        #expect(Self.error(.int64, 1, [0, 0, 0, 0, 0, 0, 0, 0x80], [255, 255, 255, 255, 255, 255, 255, 0x7F]).value == 0x1p64)
        #expect(Self.error(.int8, 2, [255, 0], [1, 0]).value == 2.0.squareRoot())
        #expect(Self.error(.uint8, 1, [255], [0]).value == 255)
        // −8 against 7 in the second of three.
        #expect(Self.error(.int4, 3, [0x80, 0x00], [0x70, 0x00]).value == 15 / 3.0.squareRoot())
        #expect(Self.error(.uint2, 4, [0b11_00_00_00], [0]).value == 1.5)
    }

    @Test("Small numbers stand for what the formats say", arguments: [
        (.float4e2m1, 0x7, 6), (.float4e2m1, 0x9, -0.5), (.float6e2m3, 0x1F, 7.5), (.float6e2m3, 1, 0.125), (.float6e3m2, 0x1F, 28), (.float6e3m2, 0x21, -0.0625),
        (.float8e4m3fn, 0x7E, 448), (.float8e4m3fn, 1, 0x1p-9), (.float8e4m3fnuz, 0x7F, 240), (.float8e4m3fnuz, 1, 0x1p-10), (.float8e5m2, 0x7B, 57344), (.float8e5m2, 1, 0x1p-16),
        (.float8e5m2fnuz, 0x7F, 57344), (.float8e5m2fnuz, 1, 0x1p-17), (.float8e8m0, 0, 0x1p-127), (.float8e8m0, 254, 0x1p127), (.int2, 2, -2), (.uint4, 15, 15),
    ] as [(ElementType, UInt8, Double)])
    func smallElements(type: ElementType, bits: UInt8, value: Double) { #expect(SmallElement.value(bits, type) == value) }

    @Test(arguments: [(ElementType.float8e4m3fn, UInt8(0xFF)), (.float8e4m3fnuz, 0x80), (.float8e5m2, 0x7C), (.float8e5m2fnuz, 0x80), (.float8e8m0, 255)])
    func noNumbers(type: ElementType, bits: UInt8) { #expect(SmallElement.value(bits, type).isNaN) }

    @Test("Elements of 6 bits, across bytes")
    func packed() {
        // Four elements 1, 2, 3, 4 in three bytes; the third becomes 7.
        let source: [UInt8] = [0b10_000001, 0b0011_0000, 0b000100_00]
        let decoded: [UInt8] = [0b10_000001, 0b0111_0000, 0b000100_00]
        #expect(Self.error(.float6e2m3, 4, source, decoded).value == (7 - 3) * 0.125 / 2)
    }
}
