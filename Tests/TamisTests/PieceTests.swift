import Foundation
import Tamis
import TamisTestSupport
import Testing

@Suite("Files come piece by piece as they come whole")
struct PieceTests {
    private static let model = SeveralFiles.model

    private static func file() throws -> TamisFile { try TamisFile(bytes: SeveralFiles.stream) }

    /// Each file of its own, decoded in memory.
    private static let whole: [[UInt8]] = {
        guard let file = try? file() else { return [] }
        return file.files.indices.compactMap { try? file.decode(file: $0) }
    }()

    private static func bytes(of pieces: [FilePiece]) -> [UInt8] {
        pieces.flatMap { piece in
            switch piece {
            case .bytes(let bytes): bytes
            case .zeros(let count): [UInt8](repeating: 0, count: count)
            case .range(let file, let range): Array(whole[file][Int(range.lowerBound)..<Int(range.upperBound)])
            }
        }
    }

    @Test func filesAndAliasesAreListed() throws {
        let file = try Self.file()
        #expect(file.files.map(\.name) == Self.model.names && file.files.map(\.byteCount) == Self.model.contents.map { UInt64($0.count) })
        #expect(file.aliases == Self.model.aliases)
        #expect(try file.tensor(named: "tied") == file.tensor(named: "dense") && file.tensor(named: "tied").0.name == "dense")
        #expect(try file.tensor(named: "tied small").1 == file.tensor(named: "bias2").1)
        #expect { try file.tensor(named: "Tied") } throws: { ($0 as? TamisError)?.code == .noSuchTensor }
    }

    /// Outside of quantized tensors all bytes are the source's; the same tensor is the same everywhere.
    @Test func filesInMemory() throws {
        let file = try Self.file()
        try #require(Self.whole.count == Self.model.names.count)
        #expect(try file.decodeFiles().map { try $0.copied() } == Self.whole)
        for number in Self.whole.indices {
            #expect(try file.decodeBuffer(file: number).copied() == Self.whole[number])
            var (end, matches) = (0, true)
            for hole in Self.model.holes where hole.file == number {
                matches = matches && Self.whole[number][end..<hole.range.lowerBound] == Self.model.contents[number][end..<hole.range.lowerBound]
                #expect(try file.tensor(named: Self.model.tensors[hole.tensor].name).1 == Array(Self.whole[number][hole.range]))
                end = hole.range.upperBound
            }
            #expect(matches && Self.whole[number][end...] == Self.model.contents[number][end...])
        }
        #expect { try file.decode() } throws: { ($0 as? TamisError)?.code == .unsupportedFeature }
        for number in [-1, 6] {
            #expect { try file.decode(file: number) } throws: { ($0 as? TamisError)?.code == .invalidArgument }
            #expect { try file.decode(file: number) { _ in } } throws: { ($0 as? TamisError)?.code == .invalidArgument }
        }
    }

    @Test(arguments: [1, 2, 8], [Int.min, 1, 1 << 10, 5000, Int.max])
    func wholeFiles(_ threads: Int, _ batchBytes: Int) throws {
        for access in [TamisFile.Access.sequential, .random] {
            let file = try TamisFile(bytes: SeveralFiles.stream, access: access)
            for number in Self.whole.indices {
                let sink = ByteSink()
                try file.decode(file: number, batchBytes: batchBytes, threads: ThreadCount(threads)) { sink.take($0) }
                #expect(sink.bytes == Self.whole[number])
            }
            let highest = Highest()
            #expect(try file.collected(file.wholeFiles, batchBytes: batchBytes, threads: threads, progress: { highest.note($0) }) == Self.whole.flatMap { $0 })
            #expect(highest.value == file.wholeFiles.byteCount)
        }
    }

    @Test(arguments: 0..<12)
    func piecesInAnyOrder(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let file = try Self.file()
        var pieces: [FilePiece] = []
        for _ in 0..<Int.random(in: 1...20, using: &random) {
            switch random.next() % 8 {
            case 0: pieces.append(.zeros(Int.random(in: 0...2000, using: &random)))
            case 1: pieces.append(.bytes((0..<Int.random(in: 0...50, using: &random)).map { UInt8($0) }))
            case 2: pieces.append(file.wholeFiles[Int(random.next() % 6)])
            default:
                let number = Int(random.next() % 6)
                let ends = [Int.random(in: 0...Self.whole[number].count, using: &random), Int.random(in: 0...Self.whole[number].count, using: &random)].sorted()
                pieces.append(.range(file: number, UInt64(ends[0])..<UInt64(ends[1])))
            }
        }
        let expected = Self.bytes(of: pieces)
        for batchBytes in [1, 100, 1 << 10, 1 << 26] {
            #expect(try file.collected(pieces, batchBytes: batchBytes, threads: 1 + seed % 3) == expected, "\(pieces), \(batchBytes)")
        }
    }

    /// Every cut of a file in two, and into parts of a few bytes: tensors and groups come in parts.
    @Test func everyCut() throws {
        let file = try Self.file()
        let count = Self.whole[0].count
        for cut in 0...count {
            let pieces: [FilePiece] = [.range(file: 0, UInt64(cut)..<UInt64(count)), .range(file: 0, 0..<UInt64(cut))]
            #expect(try file.collected(pieces, batchBytes: 64) == Self.bytes(of: pieces))
        }
        for number in Self.whole.indices {
            let pieces = stride(from: 0, to: Self.whole[number].count, by: 7).map { start in
                FilePiece.range(file: number, UInt64(start)..<UInt64(min(start + 7, Self.whole[number].count)))
            }
            for batchBytes in [1, 1000] { #expect(try file.collected(pieces, batchBytes: batchBytes) == Self.whole[number]) }
        }
    }

    /// Members of groups in the reverse of their order, one in each batch, with other tensors between them.
    @Test func membersOfGroupsOverManyBatches() throws {
        let pieces = Self.model.holes.indices.reversed().flatMap { number -> [FilePiece] in
            let hole = Self.model.holes[number]
            return [.range(file: hole.file, hole.offset..<(hole.offset + hole.byteCount)), .zeros(3)]
        }
        for batchBytes in [1, 200, 1 << 20] {
            for threads in [1, 4] { #expect(try Self.file().collected(pieces, batchBytes: batchBytes, threads: threads) == Self.bytes(of: pieces)) }
        }
    }

    @Test func noPieces() throws {
        let file = try Self.file()
        let sink = ByteSink()
        for pieces in [[], [.zeros(0), .bytes([]), .range(file: 0, 0..<0), .range(file: 0, 5..<5)], [file.wholeFiles[4]]] as [[FilePiece]] {
            try file.decode(pieces) { sink.take($0) }
        }
        #expect(sink.calls == 0)
    }

    @Test func piecesThatDoNotExist() throws {
        let file = try Self.file()
        let end = file.files[0].byteCount
        for piece in [.range(file: 6, 0..<0), .range(file: -1, 0..<0), .range(file: 0, 0..<(end + 1)), .range(file: 0, .max ..< .max), .zeros(-1)] as [FilePiece] {
            let sink = ByteSink()
            #expect { try file.decode([.zeros(1), piece]) { sink.take($0) } } throws: { ($0 as? TamisError)?.code == .invalidArgument }
            #expect(sink.calls == 0)
        }
    }

    @Test func errorsOfTheSinkComeBack() throws {
        let file = try Self.file()
        for most in 0..<4 {
            let sink = ByteSink()
            #expect {
                try file.decode(file.wholeFiles, batchBytes: 1 << 10) { (part) throws(TamisError) in
                    if sink.calls == most { throw TamisError(.inputOutput, "full") }
                    sink.take(part)
                }
            } throws: { ($0 as? TamisError)?.code == .inputOutput }
            #expect(sink.calls == most && sink.bytes.elementsEqual(Self.whole.flatMap { $0 }.prefix(sink.bytes.count)))
        }
    }
}
