import Tamis
import TamisBits
import TamisSyntax
import TamisTestSupport
import Testing

@Suite("Damage is found, and found where it is")
struct DamageTests {
    private static let stream = SmallStream.stream

    /// Damage is malformed, never unsupported, and has a place.
    private static func expectRefused(_ bytes: [UInt8], _ what: @autoclosure () -> String, _ place: SourceLocation = #_sourceLocation) {
        guard let error = refusal(bytes) else {
            Issue.record("accepted: \(what())", sourceLocation: place)
            return
        }
        let hasPlace = error.byteOffset != nil && (error.unit != nil || error.element == "signature")
        if error.family != .malformed || !hasPlace { Issue.record("\(what()): \(error)", sourceLocation: place) }
    }

    @Test func streamHasEveryKindOfUnit() throws {
        #expect(Self.stream.count < 4000 && SmallStream.file.count > 0)
        #expect(Set(StreamParts(Self.stream).units.map(\.type)) == Set(UnitHeader.UnitType.allCases.map(\.rawValue)))
        let modes = try TamisFile(bytes: Self.stream).summary().tensors
        for isGrouped in [false, true] { for mode in ["raw", "index"] { #expect(modes.contains { $0.isGrouped == isGrouped && $0.mode == mode }) } }
        #expect(modes.contains { $0.mode == "float" } && modes.contains { $0.quantizer == "integer" })
        #expect(try TamisFile(bytes: Self.stream).aliases.map(\.name) == ["again"])
        #expect(modes.contains { $0.sliceCount == 2 })
        #expect(try StreamParts(Self.stream).stream() == Self.stream)
    }

    @Test func everyTruncation() {
        for count in 0..<Self.stream.count { Self.expectRefused(Array(Self.stream[..<count]), "first \(count) bytes") }
    }

    @Test func everyFlippedBit() {
        for bit in 0..<(Self.stream.count * 8) {
            var other = Self.stream
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            Self.expectRefused(other, "bit \(bit % 8) of byte \(bit / 8)")
        }
    }

    /// Reading one tensor need not look at the rest, but what it yields is right.
    @Test func flippedBitsNeverChangeATensor() throws {
        let names = try TamisFile(bytes: Self.stream).tensors.map(\.name)
        let tensors = try names.map { try TamisFile(bytes: Self.stream).tensor(named: $0, threads: ThreadCount(1)).1 }
        for bit in stride(from: 0, to: Self.stream.count * 8, by: 5) {
            var other = Self.stream
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let file = try? TamisFile(bytes: other, access: .random) else { continue }
            let number = bit % names.count
            guard let tensor = try? file.tensor(named: names[number], threads: ThreadCount(1)).1 else { continue }
            if tensor != tensors[number] { Issue.record("bit \(bit % 8) of byte \(bit / 8) changes \(names[number])") }
        }
    }

    @Test func moreThanAStream() {
        for more in [[0], [255], Self.stream, Array(Self.stream.suffix(41)), Array("PK\u{5}\u{6}".utf8) + [UInt8](repeating: 0, count: 18)] {
            Self.expectRefused(Self.stream + more, "\(more.count) bytes appended")
            Self.expectRefused(more + Self.stream, "\(more.count) bytes prepended")
        }
        Self.expectRefused(Array("%PDF-1.7\n".utf8) + Self.stream, "PDF")
        Self.expectRefused([0x7F, 0x45, 0x4C, 0x46] + Self.stream, "ELF")
    }

    @Test func unitsMovedDroppedAndRepeated() {
        let parts = StreamParts(Self.stream)
        for place in parts.units.indices {
            var other = parts
            other.units.remove(at: place)
            Self.expectRefused(other.verbatim, "without unit \(place)")
            other = parts
            other.units.insert(parts.units[place], at: place)
            Self.expectRefused(other.verbatim, "unit \(place) twice")
            for second in parts.units.indices where second > place {
                other = parts
                other.units.swapAt(place, second)
                Self.expectRefused(other.verbatim, "units \(place) and \(second) swapped")
                other = parts
                other.units[second] = parts.units[place]
                Self.expectRefused(other.verbatim, "unit \(place) in the place of \(second)")
            }
        }
    }

    @Test func unknownAncillaryUnitIsSkippedAndChecked() throws {
        var parts = StreamParts(Self.stream)
        for (place, type) in [(1, 128), (3, 200), (5, 255)] as [(Int, UInt8)] { parts.units.insert(.init(type: type, payload: Array("words".utf8)), at: place) }
        var index = try parts.index()
        for place in index.tensorUnits.indices { index.tensorUnits[place].unitNumber += 2 + (index.tensorUnits[place].unitNumber + 2 >= 5 ? 1 : 0) }
        let stream = try parts.stream(index: index)
        #expect(decoded(stream) == .success(SmallStream.file))
        let offset = parts.offsets[3]
        for bit in 0..<((UnitHeader.byteCount + 5 + 4) * 8) {
            var other = stream
            other[offset + bit / 8] ^= 1 << UInt8(bit % 8)
            Self.expectRefused(other, "bit \(bit) of an ancillary unit")
        }
    }

    /// Also a reader that begins at the end sees that units, index and end follow one another.
    @Test func bytesBetweenUnitsAreSeenFromTheEnd() throws {
        let parts = StreamParts(Self.stream)
        var end = try ByteView.of(parts.units[parts.units.count - 1].payload) { (view) throws(TamisError) in
            try EndUnit(decoding: view, base: 0, "end_unit")
        }
        let (index, tail) = (parts.offsets[parts.units.count - 2], parts.offsets[parts.units.count - 1])
        end.totalBytes += 3
        for place in [index, tail] {
            end.indexOffset = UInt64(place == index ? index + 3 : index)
            let bytes = Array(Self.stream[..<place]) + [1, 2, 3] + Self.stream[place..<tail] + StreamParts.Unit(.end, try end.encoded()).bytes
            #expect(throws: TamisError.self) { try TamisFile(bytes: bytes) }
            #expect { try TamisFile(bytes: bytes, access: .random) } throws: { ($0 as? TamisError)?.code == .lengthMismatch }
        }
    }

    @Test func laterVersionsAndShardsAreUnsupported() throws {
        var parts = StreamParts(Self.stream)
        parts.units.insert(.init(type: 9, payload: []), at: 4)
        #expect(refusal(try parts.stream())?.code == .unknownUnit)
        for (byte, value, code) in [
            (0, 0, TamisError.Code.unknownVersion), (0, 2, .unknownVersion), (1, 1, .unknownVersion), (2, 1, .unknownProfile), (3, 3, .unsupportedFeature),
            (6, 2, .unsupportedFeature),
        ] as [(Int, UInt8, TamisError.Code)] {
            parts = StreamParts(Self.stream)
            parts.units[0].payload[byte] = value
            let error = refusal(try parts.stream())
            #expect(error?.code == code && error?.family == .unsupported)
        }
    }

    /// Every flip that its checksums do not show: an error, or the file itself where the bit means nothing to it.
    @Test(arguments: [
        UnitHeader.UnitType.start, .modelParameterSet, .topology, .skeleton, .data, .group, .index, .end,
    ])
    func flippedBitsUnderFreshChecksums(_ type: UnitHeader.UnitType) throws {
        let parts = StreamParts(Self.stream)
        for number in parts.units.indices where parts.units[number].type == type.rawValue {
            for bit in 0..<(parts.units[number].payload.count * 8) {
                var other = parts
                other.units[number].payload[bit / 8] ^= 1 << UInt8(bit % 8)
                let what = "bit \(bit % 8) of byte \(bit / 8) of unit \(number)"
                switch decoded(type == .end ? other.verbatim : try other.rehashed()) {
                case .success(let file): if file != SmallStream.file { Issue.record("\(what): another file") }
                case .failure(let error):
                    if ![.malformed, .unsupported, .limit].contains(error.family) { Issue.record("\(what): \(error)") }
                    if error.unit == nil { Issue.record("\(what) has no unit: \(error)") }
                }
            }
        }
    }

    @Test(arguments: 0..<20)
    func mutations(_ seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        for round in 0..<100 {
            var other = Self.stream
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<other.count, using: &random)
                let length = Int.random(in: 1...min(40, other.count - place), using: &random)
                let part = Array(other[place..<(place + length)])
                switch random.next() % 5 {
                case 0: other[place] = UInt8.random(in: 0...255, using: &random)
                case 1: other.insert(UInt8.random(in: 0...255, using: &random), at: place)
                case 2 where length < other.count: other.removeSubrange(place..<(place + length))
                case 3: other.insert(contentsOf: part, at: Int.random(in: 0...other.count, using: &random))
                default:
                    let target = Int.random(in: 0...(other.count - length), using: &random)
                    other.replaceSubrange(target..<(target + length), with: part)
                }
            }
            if other != Self.stream { Self.expectRefused(other, "seed \(seed), round \(round)") }
        }
    }
}
