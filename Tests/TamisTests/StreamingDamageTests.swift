import Tamis
import TamisBits
import TamisSyntax
import TamisTestSupport
import Testing

@Suite("Damage is found in what arrives")
struct StreamingDamageTests {
    private static let stream = SmallStream.stream

    /// Refused as malformed, at the same place however it is cut.
    private static func expectRefused(_ bytes: [UInt8], _ what: @autoclosure () -> String, _ place: SourceLocation = #_sourceLocation) {
        let errors = [97, Int.max / 2].map { StreamedModel.refusal(bytes, portion: $0) }
        guard let error = errors[0] else {
            Issue.record("accepted: \(what())", sourceLocation: place)
            return
        }
        let isSame = errors[1].map { $0.code == error.code && $0.unit == error.unit && $0.element == error.element && $0.byteOffset == error.byteOffset }
        let hasPlace = error.byteOffset != nil && (error.unit != nil || error.element == "signature")
        if isSame != true || error.family != .malformed || !hasPlace { Issue.record("\(what()): \(errors)", sourceLocation: place) }
    }

    /// A stream that ends early is cut short, and nothing else: as a file it would be, too.
    @Test func everyTruncation() {
        for count in 0..<Self.stream.count {
            let cut = Array(Self.stream[..<count])
            let (error, plain) = (StreamedModel.refusal(cut, portion: 64), refusal(cut))
            if error?.code != plain?.code || error?.unit != plain?.unit || error?.element != plain?.element || error?.byteOffset != plain?.byteOffset {
                Issue.record("first \(count) bytes: \(String(describing: error)), expected \(String(describing: plain))")
            }
        }
    }

    @Test func everyFlippedBit() {
        for bit in 0..<(Self.stream.count * 8) {
            var other = Self.stream
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            Self.expectRefused(other, "bit \(bit % 8) of byte \(bit / 8)")
        }
    }

    @Test func moreThanAStream() {
        for more in [[0], Self.stream, Array(Self.stream.suffix(41))] as [[UInt8]] {
            Self.expectRefused(Self.stream + more, "\(more.count) bytes appended")
            Self.expectRefused(more + Self.stream, "\(more.count) bytes prepended")
        }
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
            }
        }
    }

    /// Every flip that its checksums do not show: what a decoder of the whole file says of it, where there is one fault.
    @Test(arguments: [UnitHeader.UnitType.start, .modelParameterSet, .topology, .skeleton, .data, .group, .index, .end])
    func flippedBitsUnderFreshChecksums(_ type: UnitHeader.UnitType) throws {
        let parts = StreamParts(Self.stream)
        for number in parts.units.indices where parts.units[number].type == type.rawValue {
            for bit in 0..<(parts.units[number].payload.count * 8) {
                var other = parts
                other.units[number].payload[bit / 8] ^= 1 << UInt8(bit % 8)
                let stream = type == .end ? other.verbatim : try other.rehashed()
                let what = "bit \(bit % 8) of byte \(bit / 8) of unit \(number)"
                switch (Result { try StreamedModel.decode(stream, portion: 500, threads: 1) }, decoded(stream)) {
                case (.success(let model), .success(let file)): if model.files != [file] { Issue.record("\(what): another file") }
                case (.failure(let error as TamisError), .failure(let plain)):
                    if error.family != plain.family || error.unit == nil { Issue.record("\(what): \(error), expected \(plain)") }
                case (let one, let other): Issue.record("\(what): \(one), expected \(other)")
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
                switch random.next() % 4 {
                case 0: other[place] = UInt8.random(in: 0...255, using: &random)
                case 1 where length < other.count: other.removeSubrange(place..<(place + length))
                case 2: other.insert(contentsOf: part, at: Int.random(in: 0...other.count, using: &random))
                default: other.replaceSubrange(Int.random(in: 0...(other.count - length), using: &random)..., with: part)
                }
            }
            if other != Self.stream { Self.expectRefused(other, "seed \(seed), round \(round)") }
        }
    }

    /// A header that promises more than such a unit needs is refused before the bytes come.
    @Test func payloadsOfAnyLengthAreNotTaken() throws {
        let parts = StreamParts(Self.stream)
        let first = 3
        for type in [UnitHeader.UnitType.skeleton, .data, .group, .index] {
            for (length, code) in [(1 << 40, .limitExceeded), (.max, .truncated)] as [(UInt64, TamisError.Code)] {
                var writer = ByteWriter()
                let header = UnitHeader(type: type.rawValue, payloadLength: length)
                writer.u8(header.unitType)
                writer.u64(header.payloadLength)
                writer.u32(header.headerCRC)
                let error = StreamedModel.refusal(Array(Self.stream[..<parts.offsets[first]]) + writer.bytes, portion: 100)
                #expect(error?.code == code && error?.element == "payload_length" && error?.byteOffset == UInt64(parts.offsets[first] + 1))
            }
        }
        // One that may be so long takes no memory before its bytes come: this is not a machine of terabytes.
        var ancillary = UnitHeader(type: 200, payloadLength: 1 << 50)
        ancillary.headerCRC = ancillary.computedCRC
        var writer = ByteWriter()
        writer.u8(ancillary.unitType)
        writer.u64(ancillary.payloadLength)
        writer.u32(ancillary.headerCRC)
        let error = StreamedModel.refusal(Array(Self.stream[..<parts.offsets[first]]) + writer.bytes + [1, 2, 3], portion: 100)
        #expect(error?.code == .truncated && error?.unit == "unit[3]")
    }

    @Test func ownLimits() throws {
        for path in [\Limits.outputBytes, \.tensorBytes, \.tensors, \.topologyBytes, \.files, \.holes, \.units] as [WritableKeyPath<Limits, UInt64>] {
            var limits = Limits.standard
            limits[keyPath: path] = 0
            #expect(StreamedModel.refusal(Self.stream, portion: 50, limits: limits)?.code == .limitExceeded)
        }
    }

    /// An error stays, and what came before it can be taken.
    @Test func errorsStay() throws {
        var other = Self.stream
        other[other.count - 60] ^= 1
        let stream = TamisStream(results: .tensors)
        try ByteView.of(other) { (bytes) throws(TamisError) in
            #expect { try stream.push(bytes) } throws: { ($0 as? TamisError)?.family == .malformed }
            var count = 0
            while stream.nextTensor() != nil { count += 1 }
            #expect(count == 6)
            for _ in 0..<2 { #expect { try stream.push(bytes) } throws: { ($0 as? TamisError)?.family == .malformed } }
            #expect { try stream.finish() } throws: { ($0 as? TamisError)?.family == .malformed }
        }
    }
}
