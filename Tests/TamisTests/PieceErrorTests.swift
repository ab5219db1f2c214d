import Synchronization
import Tamis
import TamisBits
import TamisDecoder
import TamisSyntax
import TamisTestSupport
import Testing

@Suite("Faults and excess come up while pieces are decoded")
struct PieceErrorTests {
    private static func failure(_ file: TamisFile, _ pieces: [FilePiece]? = nil, batchBytes: Int, threads: Int = 2, into sink: ByteSink = ByteSink()) -> TamisError? {
        do throws(TamisError) {
            try file.decode(pieces ?? file.wholeFiles, batchBytes: batchBytes, threads: ThreadCount(threads)) { sink.take($0) }
            return nil
        } catch {
            return error
        }
    }

    /// A tensor whose digest is wrong is not handed on, nor is anything behind it.
    @Test(arguments: [1, 2], [1, 300, 1000, 1 << 20])
    func wrongDigests(_ threads: Int, _ batchBytes: Int) throws {
        let tensors = (0..<5).map { number in (name: "t\(number)", dimensions: [200 as UInt64], bytes: [UInt8](repeating: UInt8(number + 1), count: 200)) }
        for bad in tensors.indices {
            var stream = HandMadeStream(skeleton: Array("skeleton".utf8), tensors)
            var header = DataUnit()
            header.tensorIndex = UInt64(bad)
            header.tensorDigest = 7
            stream.dataUnits[bad] = try header.encoded() + HandMadeStream.frame(tensors[bad].bytes)
            let file = try TamisFile(bytes: stream.bytes())
            let sink = ByteSink()
            let error = Self.failure(file, batchBytes: batchBytes, threads: threads, into: sink)
            #expect(error?.code == .tensorDigest && error?.unit == "data_unit[\(4 + bad)]")
            #expect(!sink.bytes.contains(UInt8(bad + 1)) && sink.bytes.count <= 8 + 200 * bad)
            // A part of it is refused as well.
            let start = UInt64(8 + 200 * bad)
            let part = ByteSink()
            #expect(Self.failure(file, [.range(file: 0, start..<(start + 1))], batchBytes: batchBytes, threads: threads, into: part)?.code == .tensorDigest)
            #expect(part.calls == 0)
        }
    }

    @Test(arguments: [1, 100, 1 << 20])
    func wrongFileDigest(_ batchBytes: Int) throws {
        let parts = StreamParts(SeveralFiles.stream)
        for number in SeveralFiles.model.names.indices {
            var index = try parts.index()
            index.files[number].sha256[0] ^= 1
            let file = try TamisFile(bytes: parts.stream(index: index))
            let error = Self.failure(file, batchBytes: batchBytes)
            #expect(error?.code == .fileDigest && error?.message.contains(file.files[number].name) == true)
            #expect(throws: Never.self) { try file.collected(file.wholeFiles, batchBytes: batchBytes, verifiesFiles: false) }
            // Parts of files have no digest.
            let parts = file.files.indices.filter { file.files[$0].byteCount > 0 }.map { FilePiece.range(file: $0, 1..<file.files[$0].byteCount) }
            #expect(Self.failure(file, parts, batchBytes: batchBytes) == nil)
            #expect(try file.decodeFiles(verifiesFiles: false).count == 6)
            #expect { try file.decodeFiles() } throws: { ($0 as? TamisError)?.code == .fileDigest }
        }
    }

    /// Where decoding in memory refuses, so does decoding in pieces, whatever bit is flipped under fresh checksums.
    @Test(arguments: [UnitHeader.UnitType.skeleton, .data, .group])
    func flippedBits(_ type: UnitHeader.UnitType) throws {
        let parts = StreamParts(SmallStream.stream)
        for number in parts.units.indices where parts.units[number].type == type.rawValue {
            for bit in stride(from: 0, to: parts.units[number].payload.count * 8, by: 3) {
                var other = parts
                other.units[number].payload[bit / 8] ^= 1 << UInt8(bit % 8)
                let stream = try other.rehashed()
                let whole = decoded(stream)
                guard let file = try? TamisFile(bytes: stream) else { continue }
                for batchBytes in [1000, 1 << 20] {
                    let sink = ByteSink()
                    let error = Self.failure(file, batchBytes: batchBytes, threads: 1, into: sink)
                    switch whole {
                    case .success(let bytes): #expect(error == nil && sink.bytes == bytes)
                    case .failure(let expected): #expect(error?.code == expected.code, "bit \(bit) of unit \(number): \(expected)")
                    }
                }
            }
        }
    }

    /// A large tensor of which single bytes are wanted, in turn with others, must not be decoded for each of them.
    @Test(.timeLimit(.minutes(1)))
    func workIsBounded() throws {
        let count = 33 << 20
        var stream = HandMadeStream((0..<2).map { ("t\($0)", [UInt64(count)], [UInt8](repeating: UInt8($0 + 1), count: count)) })
        stream.level = 1
        let file = try TamisFile(bytes: stream.bytes())
        // Both together are more than is kept.
        let pieces = (0..<100_000).map { FilePiece.range(file: 0, UInt64($0 % 2 * count)..<UInt64($0 % 2 * count + 1)) }
        let sink = ByteSink()
        let error = Self.failure(file, pieces, batchBytes: 1, into: sink)
        #expect(error?.code == .limitExceeded && error?.unit?.hasPrefix("data_unit") == true)
        #expect(sink.bytes.count < 20 && sink.bytes.elementsEqual((0..<sink.bytes.count).map { UInt8($0 % 2 + 1) }))
        // In batches of usual size they are decoded once for each batch.
        #expect(try file.collected(pieces) == pieces.indices.map { UInt8($0 % 2 + 1) })
    }

    /// A tensor in many holes costs no more than its bytes there; one without elements costs nothing, though its unit is long.
    @Test(.timeLimit(.minutes(1)))
    func manyHolesOfOneTensor() throws {
        var stream = HandMadeStream([("t", [1 << 10], [UInt8](repeating: 5, count: 1 << 10)), ("none", [0], [])])
        stream.level = 1
        for number in 0..<60_000 { stream.addHole(tensor: number % 2) }
        let file = try TamisFile(bytes: stream.bytes())
        for batchBytes in [1 << 10, 1 << 16, 1 << 26] {
            #expect(try file.collected(file.wholeFiles, batchBytes: batchBytes, threads: 2) == [UInt8](repeating: 5, count: 30_001 << 10))
        }
    }

    @Test func limitsOfStreaming() throws {
        let stream = HandMadeStream(skeleton: [UInt8](repeating: 1, count: 100), [("t", [200], [UInt8](repeating: 2, count: 200))])
        var limits = Limits.streaming
        (limits.skeletonBytes, limits.tensorBytes) = (100, 200)
        #expect(throws: Never.self) { try TamisFile(bytes: stream.bytes(), limits: limits) }
        for path in [\Limits.skeletonBytes, \.tensorBytes] as [WritableKeyPath<Limits, UInt64>] {
            var less = limits
            less[keyPath: path] -= 1
            #expect { try TamisFile(bytes: stream.bytes(), limits: less) } throws: { ($0 as? TamisError)?.code == .limitExceeded }
        }
    }

    /// What is given back covers every unit that was decoded, and decoding reads no page that is gone for good.
    @Test func bytesAreGivenBack() throws {
        final class Noted: Sendable {
            let ranges = Mutex<[Range<Int>]>([])
        }
        let stream = SeveralFiles.stream
        try ByteView.of(stream) { (view) throws(TamisError) in
            let noted = Noted()
            let opened = try EncodedStream.scan(view, limits: .standard)
            let plan = try opened.plan(threads: ThreadCount(2)) { range in noted.ranges.withLock { $0.append(range) } }
            let coded = opened.units.filter { [.data, .group, .skeleton].contains($0.type) }.map { Int($0.offset)..<Int($0.offset + $0.byteCount) }
            for batchBytes in [1, 1000, 1 << 26] {
                let ranges = noted.ranges.withLock { ranges in
                    defer { ranges = [] }
                    return ranges
                }
                #expect(coded.allSatisfy { unit in ranges.contains { $0.lowerBound <= unit.lowerBound && $0.upperBound >= unit.upperBound } })
                #expect(ranges.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= stream.count })
                let files = opened.topology.files.indices.map { FilePiece.range(file: $0, 0..<opened.topology.files[$0].byteCount) }
                try plan.decode(
                    files, batchBytes: batchBytes, threads: ThreadCount(2),
                    memory: { byteCount throws(TamisError) in try ReservedMemory(byteCount: byteCount) }) { _ in }
            }
        }
    }
}
