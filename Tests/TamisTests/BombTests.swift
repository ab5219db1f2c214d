import Tamis
import TamisBits
import TamisSyntax
import TamisTestSupport
import Testing

@Suite("Small streams that ask for much are refused quickly")
struct BombTests {
    private static func expectRefused(_ stream: [UInt8], _ codes: [TamisError.Code], _ limits: Limits = .standard, _ place: SourceLocation = #_sourceLocation) {
        #expect(stream.count < 2048, sourceLocation: place)
        let time = ContinuousClock().measure {
            for access in [TamisFile.Access.sequential, .random] {
                do throws(TamisError) {
                    let file = try TamisFile(bytes: stream, limits: limits, access: access)
                    for tensor in file.tensors { _ = try file.tensor(named: tensor.name) }
                    _ = try file.decode()
                    Issue.record("accepted", sourceLocation: place)
                } catch {
                    if !codes.contains(error.code) { Issue.record("\(error)", sourceLocation: place) }
                }
            }
        }
        #expect(time < .milliseconds(500), sourceLocation: place)
    }

    private static let generous = Limits(outputBytes: .max, tensorBytes: .max, tensors: .max, topologyBytes: .max, units: .max)

    private static func oneTensor(_ dimensions: [UInt64], type: ElementType = .float32, level: UInt8 = 2, _ payload: [UInt8]) throws -> [UInt8] {
        var stream = HandMadeStream(skeleton: [1, 2, 3], [("t", dimensions, [])])
        stream.level = level
        stream.body.tensors[0].elementType = type.rawValue
        stream.dataUnits[0] = payload
        return try stream.bytes()
    }

    private static func indexUnit(_ change: (inout IndexCoding) -> Void = { _ in }, slices: [SliceEntry], _ rest: [UInt8]) throws -> [UInt8] {
        var unit = DataUnit()
        unit.codingMode = 1
        change(&unit.indexCoding)
        return try unit.encoded() + slices.flatMap { try $0.encoded() } + rest
    }

    @Test func hugeRawTensor() throws {
        let payload = try DataUnit().encoded() + HandMadeStream.frame([UInt8](repeating: 0, count: 100_000))
        for dimensions in [[1 << 31], [1 << 30, 4], [1 << 36], [65_536, 65_536]] as [[UInt64]] {
            Self.expectRefused(try Self.oneTensor(dimensions, payload), [.limitExceeded])
            Self.expectRefused(try Self.oneTensor(dimensions, level: 1, payload), dimensions == [1 << 31] ? [.limitExceeded] : [.levelExceeded])
            Self.expectRefused(try Self.oneTensor(dimensions, payload), [.expansionRatio], Self.generous)
        }
        Self.expectRefused(try Self.oneTensor([1 << 28], level: 1, payload), [.expansionRatio])
        Self.expectRefused(try Self.oneTensor([.max, .max], payload), [.valueOutOfRange], Self.generous)
        Self.expectRefused(try Self.oneTensor([0, .max, 2], payload), [.valueOutOfRange], Self.generous)
        Self.expectRefused(try Self.oneTensor([1 << 37], payload), [.levelExceeded], Self.generous)
        Self.expectRefused(try Self.oneTensor([200_000], type: .uint8, payload), [.invalidCompressedData])
    }

    @Test func hugeIndexTensor() throws {
        let one = SliceEntry(codewordBytes: 1, rawBytes: 0)
        Self.expectRefused(try Self.oneTensor([1 << 30], try Self.indexUnit(slices: [one], [0])), [.truncated], Self.generous)
        Self.expectRefused(try Self.oneTensor([65_536], try Self.indexUnit(slices: [one], [0])), [.expansionRatio])
        Self.expectRefused(try Self.oneTensor([32_769], try Self.indexUnit(slices: [one], [0])), [.expansionRatio])
        Self.expectRefused(try Self.oneTensor([32_768], try Self.indexUnit(slices: [one], [0])), [.invalidCodeword, .tensorDigest])
        let lying = SliceEntry(codewordBytes: UInt64(UInt32.max), rawBytes: UInt64(UInt32.max))
        Self.expectRefused(try Self.oneTensor([65_536], try Self.indexUnit(slices: [lying], [0])), [.truncated])
        // As many line classes as elements.
        let four = SliceEntry(codewordBytes: 4, rawBytes: 0)
        let columns = try Self.indexUnit({ $0.tools = .columnClasses; $0.lineClassBytes = 1 }, slices: [four], [0, 0, 0, 0, 0])
        Self.expectRefused(try Self.oneTensor([1, 65_536], columns), [.valueOutOfRange])
        Self.expectRefused(try Self.oneTensor([7, 9_000], columns), [.valueOutOfRange])
        // The codeword's one byte holds fewer lines than that.
        Self.expectRefused(try Self.oneTensor([1 << 17, 8], try Self.indexUnit({ $0.tools = .rowClasses; $0.lineClassBytes = 1 }, slices: [SliceEntry](repeating: four, count: 16), [0])), [.expansionRatio], Self.generous)
        let most = try Self.indexUnit({ $0.tools = .columnClasses; $0.lineClassBytes = .max }, slices: [four], [0, 0, 0, 0, 0])
        Self.expectRefused(try Self.oneTensor([8, 8_192], most), [.truncated, .expansionRatio])
        let axes = try Self.indexUnit({ $0.rowAxis = 16; $0.rowAxisCount = 16 }, slices: [four], [0, 0, 0, 0])
        Self.expectRefused(try Self.oneTensor([65_536], axes), [.valueOutOfRange])
        Self.expectRefused(try Self.oneTensor([4], type: .int32, try Self.indexUnit(slices: [one], [0])), [.valueOutOfRange])
        Self.expectRefused(try Self.oneTensor([0], try Self.indexUnit(slices: [one], [0])), [.valueOutOfRange])
    }

    @Test func manyHoles() throws {
        var stream = HandMadeStream([("t", [1 << 16], [UInt8](repeating: 0, count: 1 << 16))])
        stream.level = 1
        for _ in 0..<16 { stream.addHole(tensor: 0) }
        var limits = Limits.standard
        limits.outputBytes = 17 << 16
        #expect(try Tamis.decode(stream.bytes(), limits: limits).count == 17 << 16)
        limits.outputBytes -= 1
        Self.expectRefused(try stream.bytes(), [.limitExceeded], limits)
        stream.level = 0
        Self.expectRefused(try stream.bytes(), [.levelExceeded])
        stream.body.tensors[0].dimensions = [1 << 31]
        stream.level = 1
        for _ in 0..<200 { stream.addHole(tensor: 0) }
        Self.expectRefused(try stream.bytes(), [.levelExceeded], Self.generous)
        stream.body.tensors[0].dimensions = [1 << 36]
        stream.body.tensors[0].elementType = ElementType.float64.rawValue
        stream.level = 2
        Self.expectRefused(try stream.bytes(), [.levelExceeded], Self.generous)
    }

    @Test func skeletonAndGapsLargerThanTheirBytes() throws {
        for size in [1 << 20, 1 << 31, 1 << 40, .max] as [UInt64] {
            var stream = HandMadeStream(skeleton: [1, 2, 3])
            stream.level = 2
            stream.body.files[0].skeletonBytes = size
            Self.expectRefused(try stream.bytes(), [.limitExceeded, .levelExceeded, .expansionRatio, .invalidCompressedData])
            stream = HandMadeStream(skeleton: [1, 2, 3], [("t", [1], [7])])
            stream.body.holes[0].gapBytes = size
            Self.expectRefused(try stream.bytes(), [.lengthMismatch])
            stream.body.files[0].skeletonBytes = size
            Self.expectRefused(try stream.bytes(), [.limitExceeded, .levelExceeded, .expansionRatio, .invalidCompressedData])
        }
    }

    @Test func topologyLargerThanItsBytes() throws {
        for (size, code) in [(1 << 24, TamisError.Code.expansionRatio), (1 << 26, .expansionRatio), ((1 << 26) + 1, .levelExceeded), (.max, .levelExceeded)] as [(UInt64, TamisError.Code)] {
            var stream = HandMadeStream(skeleton: [1])
            stream.level = 1
            var header = TopologyUnit()
            header.bodyBytes = size
            stream.topologyPayload = try header.encoded() + HandMadeStream.frame([0, 0, 0])
            Self.expectRefused(try stream.bytes(), [code])
        }
        // Counts that the body cannot hold.
        for count in [100, 1 << 20, UInt64(UInt32.max), 1 << 32, .max] as [UInt64] {
            for before in [[], [0], [0, 0]] as [[UInt8]] {
                var body = ByteWriter()
                body.append(before)
                body.uv(count)
                body.append([UInt8](repeating: 0, count: 99))
                var stream = HandMadeStream(skeleton: [1])
                stream.topologyPayload = try HandMadeStream.topology(body.bytes)
                Self.expectRefused(try stream.bytes(), [.truncated, .valueOutOfRange, .levelExceeded])
            }
        }
    }

    /// Lists that the body does hold, a few bytes an item, but that would take many times that in memory.
    @Test func listsLongerThanTheirLevel() throws {
        for (before, item) in [([], [1, 0x66, 0]), ([1, 1, 0x66, 1], [0, 1, 0]), ([1, 1, 0x66, 1, 1, 1, 0x74, 1, 1, 0], [0, 0, 0])] as [([UInt8], [UInt8])] {
            var body = ByteWriter()
            body.append(before)
            body.uv(2_000_000)
            for _ in 0..<2_000_000 { body.append(item) }
            var stream = HandMadeStream(skeleton: [1])
            stream.level = 1
            stream.topologyPayload = try HandMadeStream.topology(body.bytes)
            Self.expectRefused(try stream.bytes(), [.levelExceeded])
        }
    }

    @Test func countsThatTheirUnitCannotHold() throws {
        let sound = StreamParts(try HandMadeStream(skeleton: [1], [("t", [1], [7])]).bytes())
        // The count of sources is the last element.
        let parameters = try ModelParameterSet().encoded().dropLast()
        for count in [100, UInt64(UInt32.max), 1 << 32, .max] as [UInt64] {
            var writer = ByteWriter()
            writer.uv(count)
            writer.append([0, 0, 0])
            for number in sound.units.indices where [.index, .modelParameterSet].contains(UnitHeader.UnitType(rawValue: sound.units[number].type)) {
                var parts = sound
                parts.units[number].payload = (number == 1 ? parameters : []) + writer.bytes
                Self.expectRefused(number == 1 ? try parts.stream() : try parts.rehashed(), [.truncated, .valueOutOfRange, .levelExceeded, .limitExceeded])
            }
            var parts = sound
            parts.units[4] = .init(.group, [UInt8](repeating: 0, count: 8) + writer.bytes)
            Self.expectRefused(try parts.stream(), [.truncated, .valueOutOfRange, .levelExceeded])
        }
    }

    @Test func unitLengthsAndPlacesOutsideTheFile() throws {
        let sound = StreamParts(try HandMadeStream(skeleton: [1], [("t", [1], [7])]).bytes())
        let bytes = sound.verbatim
        for length in [1 << 20, 1 << 62, .max] as [UInt64] {
            for offset in sound.offsets {
                var header = ByteWriter()
                header.u8(bytes[offset])
                header.u64(length)
                header.u32(UnitHeader(type: bytes[offset], payloadLength: length).headerCRC)
                var other = bytes
                other.replaceSubrange(offset..<(offset + UnitHeader.byteCount), with: header.bytes)
                Self.expectRefused(other, [.truncated, .lengthMismatch])
            }
            var parts = sound
            var end = try ByteView.of(sound.units[sound.units.count - 1].payload) { (view) throws(TamisError) in try EndUnit(decoding: view, base: 0, "end_unit") }
            end.indexOffset = length
            parts.units[parts.units.count - 1].payload = try end.encoded()
            Self.expectRefused(parts.verbatim, [.lengthMismatch])
            end.totalBytes = length
            parts.units[parts.units.count - 1].payload = try end.encoded()
            Self.expectRefused(parts.verbatim, [.lengthMismatch])
        }
    }
}
