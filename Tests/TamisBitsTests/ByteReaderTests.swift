import TamisBits
import TamisTestSupport
import Testing

struct ByteReaderTests {
    /// What `body` makes of a reader over `bytes`.
    static func read<Value>(_ bytes: [UInt8], base: UInt64 = 0, _ body: (inout ByteReader) throws(TamisError) -> Value) throws(TamisError) -> Value {
        let outcome: Result<Value, TamisError> = bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(ByteView(unsafe: buffer), base: base)
            do throws(TamisError) { return .success(try body(&reader)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    static func uv(_ bytes: [UInt8]) -> Result<UInt64, TamisError> {
        do throws(TamisError) {
            return .success(try read(bytes, base: 100) { reader throws(TamisError) in try reader.uv("value") })
        } catch { return .failure(error) }
    }

    static func code(_ result: Result<UInt64, TamisError>) -> TamisError.Code? {
        if case .failure(let error) = result { return error.code }
        return nil
    }

    @Test func fixedWidths() throws {
        let bytes: [UInt8] = [0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 0x0F, 0x0E, 0x0D, 0x0C, 0x0B, 0x0A, 0x09, 0x88]
        let ends = try Self.read(bytes, base: 7) { reader throws(TamisError) in
            #expect(try reader.u8("a") == 0x01)
            #expect(try reader.u16("b") == 0x0203)
            #expect(try reader.u32("c") == 0x0405_0607)
            #expect(reader.position == 7 && reader.fileOffset == 14 && reader.remaining == 8)
            #expect(try reader.u64("d") == 0x8809_0A0B_0C0D_0E0F)
            return reader.remaining
        }
        #expect(ends == 0)
    }

    @Test func writerAndReaderAgree() throws {
        var random = SplitMix64(seed: 3)
        for _ in 0..<200 {
            let values = (0..<50).map { _ in UInt64.random(in: .min ... .max, using: &random) >> UInt64.random(in: 0...63, using: &random) }
            var writer = ByteWriter()
            for value in values {
                writer.uv(value)
                writer.u8(UInt8(truncatingIfNeeded: value))
                writer.u16(UInt16(truncatingIfNeeded: value))
                writer.u32(UInt32(truncatingIfNeeded: value))
                writer.u64(value)
            }
            let remaining = try Self.read(writer.bytes) { reader throws(TamisError) in
                for value in values {
                    #expect(try reader.uv("value") == value)
                    #expect(try reader.u8("value") == UInt8(truncatingIfNeeded: value))
                    #expect(try reader.u16("value") == UInt16(truncatingIfNeeded: value))
                    #expect(try reader.u32("value") == UInt32(truncatingIfNeeded: value))
                    #expect(try reader.u64("value") == value)
                }
                return reader.remaining
            }
            #expect(remaining == 0)
        }
    }

    @Test(arguments: [
        (0, [0]), (1, [1]), (127, [0x7F]), (128, [0x80, 1]), (16_383, [0xFF, 0x7F]), (16_384, [0x80, 0x80, 1]),
        (1 << 63, [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]),
        (.max, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
    ] as [(UInt64, [UInt8])])
    func variableForms(value: UInt64, bytes: [UInt8]) {
        var writer = ByteWriter()
        writer.uv(value)
        #expect(writer.bytes == bytes)
        #expect(Self.uv(bytes) == .success(value))
    }

    /// For each power of two and its neighbours: the length is the shortest, every prefix is truncated, and a longer form is refused.
    @Test func variableBoundaries() {
        for bit in 0..<64 {
            for value in [(1 << UInt64(bit)) - 1, 1 << UInt64(bit), (1 << UInt64(bit)) + 1] as [UInt64] {
                var writer = ByteWriter()
                writer.uv(value)
                let bytes = writer.bytes
                let significant = 64 - value.leadingZeroBitCount
                #expect(bytes.count == max(1, (significant + 6) / 7))
                #expect(Self.uv(bytes) == .success(value))
                for count in 0..<bytes.count { #expect(Self.code(Self.uv(Array(bytes.prefix(count)))) == .truncated) }
                if bytes.count < 10 {
                    var overlong = bytes
                    overlong[bytes.count - 1] |= 0x80
                    overlong.append(0)
                    #expect(Self.code(Self.uv(overlong)) == .overlongInteger)
                }
            }
        }
    }

    @Test func variableLimits() {
        let nine = [UInt8](repeating: 0x80, count: 9)
        #expect(Self.code(Self.uv(nine + [0])) == .overlongInteger)
        for last in [2, 3, 0x7F, 0x80, 0x81, 0xFF] as [UInt8] { #expect(Self.code(Self.uv(nine + [last, 1])) == .valueOutOfRange) }
        #expect(Self.code(Self.uv(nine)) == .truncated)
        #expect(Self.code(Self.uv([UInt8](repeating: 0xFF, count: 40))) == .valueOutOfRange)
        #expect(Self.code(Self.uv([0x80, 0])) == .overlongInteger)
    }

    @Test func errorsSayWhere() {
        guard case .failure(let overlong) = Self.uv([0x80, 0]) else {
            Issue.record("no error")
            return
        }
        #expect(overlong.byteOffset == 100 && overlong.element == "value")
        do throws(TamisError) {
            _ = try Self.read([1, 2, 3], base: 5) { reader throws(TamisError) in
                _ = try reader.u16("a")
                return try reader.u32("b")
            }
            Issue.record("no error")
        } catch {
            #expect(error.code == .truncated && error.byteOffset == 7 && error.element == "b")
            #expect(error.message.contains("4 bytes are needed, 1 are left"))
        }
    }

    @Test func everyReadAtTheEndIsTruncated() throws {
        for count in 0..<8 {
            let codes = try Self.read([UInt8](repeating: 0xFF, count: count)) { reader throws(TamisError) in
                var codes: [TamisError.Code?] = []
                func attempt(_ body: (inout ByteReader) throws(TamisError) -> Void) {
                    var copy = reader
                    do throws(TamisError) { try body(&copy) } catch {
                        codes.append(error.code)
                        #expect(copy.position == 0)
                        return
                    }
                    codes.append(nil)
                }
                attempt { reader throws(TamisError) in _ = try reader.u8("a") }
                attempt { reader throws(TamisError) in _ = try reader.u16("a") }
                attempt { reader throws(TamisError) in _ = try reader.u32("a") }
                attempt { reader throws(TamisError) in _ = try reader.u64("a") }
                attempt { reader throws(TamisError) in _ = try reader.bytes(5, "a") }
                return codes
            }
            #expect(codes == [1, 2, 4, 8, 5].map { count >= $0 ? nil : .truncated })
        }
    }

    @Test func runsOfBytes() throws {
        let parts = try Self.read([1, 2, 3]) { reader throws(TamisError) in
            [try reader.bytes(0, "a").array, try reader.bytes(2, "a").array, try reader.bytes(1, "a").array, try reader.bytes(0, "a").array]
        }
        #expect(parts == [[], [1, 2], [3], []])
        for count in [4, UInt64(Int.max), UInt64(Int.max) + 1, .max] as [UInt64] {
            #expect(throws: TamisError.self) {
                _ = try Self.read([1, 2, 3]) { reader throws(TamisError) in try reader.bytes(count, "a").count }
            }
        }
    }
}
