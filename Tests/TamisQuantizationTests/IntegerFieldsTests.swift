import TamisBits
import TamisModel
import TamisTestSupport
import Testing

@testable import TamisQuantization

@Suite struct IntegerFieldsTests {
    private static let types = ElementType.allCases.filter { IntegerFields($0, fieldsLog2: 0, offset: 0) != nil }

    private static func decoded(_ indices: [Int32], _ fields: IntegerFields, byteCount: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0xAA, count: byteCount)
        let isInside = bytes.withUnsafeMutableBytes { bytes in
            indices.withUnsafeBufferPointer {
                fields.write($0, range: 0..<indices.count, of: MatrixView(elementCount: indices.count), to: ByteRegion(unsafe: bytes))
            }
        }
        return isInside ? bytes : nil
    }

    @Test(arguments: types) func bytesComeBack(_ type: ElementType) throws {
        var random = SplitMix64(seed: UInt64(type.rawValue))
        for fieldsLog2 in 0...2 {
            let offset: Int64 = type.kind == .signedInteger ? -1 : 1
            guard let fields = IntegerFields(type, fieldsLog2: fieldsLog2, offset: offset) else {
                #expect(type != .uint8 && fieldsLog2 > 0)
                continue
            }
            let count = 24
            var bytes: [UInt8] = []
            let small = fields.bitCount > 16
            for _ in 0..<count {
                // Small numbers of either sign, where a field is wider than an index.
                let value = small ? Int64(random.next() % 60000) - (fields.isSigned ? 30000 : 0) : Int64(truncatingIfNeeded: random.next())
                if fields.bitCount >= 8 { for byte in 0..<(fields.bitCount / 8) { bytes.append(UInt8(truncatingIfNeeded: value >> Int64(8 * byte))) } }
            }
            if fields.bitCount < 8 { bytes = (0..<(count * fields.bitCount / 8)).map { _ in UInt8(truncatingIfNeeded: random.next()) } }
            let indices = try bytes.withUnsafeBytes { buffer in
                let view = ByteView(unsafe: buffer)
                return try (0..<count).map { Int32(try #require(fields.value(view, $0)) - offset) }
            }
            #expect(Self.decoded(indices, fields, byteCount: bytes.count) == bytes)
        }
    }

    @Test(arguments: types.filter { $0.bitCount <= 16 }) func valuesOutsideAreRefused(_ type: ElementType) throws {
        let fields = try #require(IntegerFields(type, fieldsLog2: 0, offset: 0))
        let most = Int32(1) << Int32(type.bitCount - (fields.isSigned ? 1 : 0)) - 1
        let least = fields.isSigned ? -most - 1 : 0
        let byteCount = max(type.bitCount / 8, 1)
        #expect(Self.decoded([most], fields, byteCount: byteCount) != nil)
        #expect(Self.decoded([least], fields, byteCount: byteCount) != nil)
        #expect(Self.decoded([most + 1], fields, byteCount: byteCount) == nil)
        #expect(Self.decoded([least - 1], fields, byteCount: byteCount) == nil)
    }

    @Test func packedElementsBeginAtTheLowestBits() throws {
        let int4 = try #require(IntegerFields(.int4, fieldsLog2: 0, offset: 0))
        #expect(Self.decoded([1, -1, 7], int4, byteCount: 2) == [0xF1, 0x07])
        let uint2 = try #require(IntegerFields(.uint2, fieldsLog2: 0, offset: 2))
        #expect(Self.decoded([-2, -1, 0, 1, 1], uint2, byteCount: 2) == [0b1110_0100, 0b11])
        let pairs = try #require(IntegerFields(.uint8, fieldsLog2: 1, offset: 8))
        #expect(Self.decoded([0, -8], pairs, byteCount: 1) == [0x08])
    }

    @Test func onlyBytesAreDivided() {
        for type in ElementType.allCases {
            for fieldsLog2 in 1...2 { #expect((IntegerFields(type, fieldsLog2: fieldsLog2, offset: 0) != nil) == (type == .uint8)) }
        }
        #expect(IntegerFields(.uint8, fieldsLog2: 3, offset: 0) == nil)
    }
}
