import Tamis
import TamisBits
import TamisDecoder
import TamisSyntax
import TamisTestSupport
import Testing

@Suite("Limits are kept exactly")
struct LimitsTests {
    private static let ways: [TamisFile.Access] = [.sequential, .random]

    private static func refusal(_ stream: [UInt8], _ access: TamisFile.Access, _ limits: Limits = .standard) -> TamisError.Code? {
        do throws(TamisError) {
            _ = try TamisFile(bytes: stream, limits: limits, access: access)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func eachLimitOfTheDecoder() throws {
        let stream = SmallStream.stream
        let parts = StreamParts(stream)
        let topology = try ByteView.of(parts.units[2].payload) { (view) throws(TamisError) in
            var reader = SyntaxReader(view, base: 0)
            var unit = TopologyUnit()
            try unit.visit(&reader)
            return unit.bodyBytes
        }
        let needed: [(WritableKeyPath<Limits, UInt64>, UInt64)] = [
            (\.outputBytes, UInt64(SmallStream.file.count)), (\.tensorBytes, 64 * 40 * 4), (\.tensors, 6), (\.topologyBytes, topology), (\.files, 1), (\.holes, 7),
            // Units before the end unit.
            (\.units, UInt64(parts.units.count - 1)),
        ]
        for access in Self.ways {
            for (limit, value) in needed {
                var limits = Limits.standard
                limits[keyPath: limit] = value
                #expect(Self.refusal(stream, access, limits) == nil, "\(limit) = \(value)")
                limits[keyPath: limit] = value - 1
                #expect(Self.refusal(stream, access, limits) == .limitExceeded, "\(limit) = \(value - 1)")
            }
            let all = Limits(
                outputBytes: needed[0].1, tensorBytes: needed[1].1, tensors: needed[2].1, holes: needed[5].1, files: needed[4].1, topologyBytes: needed[3].1,
                units: needed[6].1)
            #expect(try TamisFile(bytes: stream, limits: all, access: access).decode() == SmallStream.file)
        }
    }

    /// Streams of level 0 with one quantity as given.
    enum Quantity: CaseIterable {
        case files, tensors, holes, elements, rank, nameBytes, topologyBytes, outputBytes, units

        /// What level 0 allows.
        var most: Int {
            switch self {
            case .files: 2
            case .tensors: 16
            case .holes: 64
            case .elements: 1 << 16
            case .rank: 4
            case .nameBytes: 64
            case .topologyBytes: 1 << 8
            case .outputBytes: 1 << 20
            case .units: 64
            }
        }

        func stream(_ value: Int) throws -> [UInt8] {
            switch self {
            case .files:
                var stream = HandMadeStream(skeleton: [1])
                for number in 1..<value { stream.addFile("g\(number)", [2]) }
                return try stream.bytes()
            case .tensors: return try HandMadeStream((0..<value).map { ("t\($0)", [1], [7]) }).bytes()
            case .holes:
                var stream = HandMadeStream([("t", [1], [7])])
                for _ in 1..<value { stream.addHole(tensor: 0) }
                return try stream.bytes()
            case .elements: return try HandMadeStream([("t", [UInt64(value)], [UInt8](repeating: 1, count: value))]).bytes()
            case .rank: return try HandMadeStream([("t", [UInt64](repeating: 1, count: value), [7])]).bytes()
            case .nameBytes: return try HandMadeStream([(String(repeating: "n", count: value), [1], [7])]).bytes()
            case .topologyBytes:
                var stream = HandMadeStream([("t", [1], [7])])
                for _ in 0..<20 { stream.addHole(tensor: 0) }
                while try stream.body.encoded().count < value { stream.body.files[0].name += "f" }
                #expect(try stream.body.encoded().count == value)
                return try stream.bytes()
            case .outputBytes: return try HandMadeStream(skeleton: [UInt8](repeating: 0, count: value - 1), [("t", [1], [7])]).bytes()
            case .units:
                var parts = StreamParts(try HandMadeStream(skeleton: [1]).bytes())
                while parts.units.count < value + 1 { parts.units.insert(.init(type: 200, payload: []), at: 1) }
                return try parts.stream()
            }
        }
    }

    @Test(arguments: Quantity.allCases)
    func eachLimitOfALevel(_ quantity: Quantity) throws {
        for access in Self.ways {
            let (sound, excessive) = (try quantity.stream(quantity.most), try quantity.stream(quantity.most + 1))
            #expect(Self.refusal(sound, access) == nil)
            if quantity != .files { #expect(throws: Never.self) { try TamisFile(bytes: sound, access: access).decode() } }
            #expect(Self.refusal(excessive, access) == .levelExceeded)
            // The same at a level that allows it.
            var parts = StreamParts(excessive)
            parts.units[0].payload[3] = 1
            #expect(Self.refusal(try parts.stream(), access) == nil)
        }
    }

    @Test func unknownLevelIsRefused() throws {
        var stream = HandMadeStream(skeleton: [1])
        for level in 0...2 as ClosedRange<UInt8> {
            stream.level = level
            #expect(try Tamis.decode(stream.bytes()) == [1])
        }
        var parts = StreamParts(try stream.bytes())
        for (level, code) in [(3, TamisError.Code.unsupportedFeature), (15, .unsupportedFeature), (16, .valueOutOfRange)] as [(UInt8, TamisError.Code)] {
            parts.units[0].payload[3] = level
            #expect(Self.refusal(try parts.stream(), .sequential) == code)
        }
    }

    @Test func severalFilesAreNotDecodedAsOne() throws {
        let stream = try Quantity.files.stream(2)
        let file = try TamisFile(bytes: stream)
        #expect(file.fileNames == ["f", "g1"])
        #expect(try file.decode(file: 0) == [1] && file.decode(file: 1) == [2])
        #expect { try Tamis.decode(stream) } throws: { ($0 as? TamisError)?.code == .unsupportedFeature }
    }

    @Test func oneTensorInManyHoles() throws {
        var stream = HandMadeStream(skeleton: [1, 2, 3], [("t", [2], [7, 8]), ("u", [0], []), ("v", [1], [9])])
        for tensor in [0, 2, 1, 0] { stream.addHole(tensor: tensor) }
        #expect(try Tamis.decode(stream.bytes()) == [1, 2, 3, 7, 8, 9, 7, 8, 9, 7, 8])
    }
}
