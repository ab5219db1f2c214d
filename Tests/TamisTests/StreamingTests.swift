import Foundation
import Tamis
import TamisBits
import TamisDigest
import TamisSyntax
import TamisTestSupport
import Testing

@Suite("A stream is decoded while it arrives")
struct StreamingTests {
    /// The files of a stream, decoded when all of it is there.
    private static func files(_ stream: [UInt8], limits: Limits = .standard) throws -> [[UInt8]] {
        try TamisFile(bytes: stream, limits: limits).decodeFiles().map(\.view.array)
    }

    /// The stream with its units between topology and index in another order.
    private static func reordered(_ stream: [UInt8], _ order: ([Int]) -> [Int]) throws -> [UInt8] {
        let parts = StreamParts(stream)
        let middle = Array(3..<(parts.units.count - 2))
        let numbers = [0, 1, 2] + order(middle) + [parts.units.count - 2, parts.units.count - 1]
        var index = try parts.index()
        for place in index.tensorUnits.indices {
            index.tensorUnits[place].unitNumber = UInt64(numbers.firstIndex(of: Int(index.tensorUnits[place].unitNumber)) ?? 0)
        }
        return try StreamParts(units: numbers.map { parts.units[$0] }).stream(index: index)
    }

    @Test(arguments: [SmallStream.stream, SeveralFiles.stream], [1, 2, 13, 1000, 1 << 30])
    func portionsOfAnySize(_ stream: [UInt8], _ portion: Int) throws {
        let model = try StreamedModel.decode(stream, portion: portion)
        #expect(try model.files == Self.files(stream))
        #expect(model.uncheckedFiles == [])
        let file = try TamisFile(bytes: stream)
        #expect(model.tensors.count == file.tensors.count)
        for (number, tensor) in file.tensors.enumerated() { #expect(try file.tensor(named: tensor.name).1 == model.tensors[number]) }
        // One kind of result alone.
        #expect(try StreamedModel.decode(stream, portion: portion, results: .pieces).files == model.files)
        #expect(try StreamedModel.decode(stream, portion: portion, results: .tensors).tensors == model.tensors)
        #expect(try StreamedModel.decode(stream, portion: portion, results: []).tensors.isEmpty)
    }

    /// The first tensor is there when its unit is.
    @Test func firstTensorBeforeTheLastByte() throws {
        for stream in [SmallStream.stream, SeveralFiles.stream] {
            let parts = StreamParts(stream)
            let first = try #require(parts.units.firstIndex { $0.type == UnitHeader.UnitType.data.rawValue || $0.type == UnitHeader.UnitType.group.rawValue })
            let end = UInt64(parts.offsets[first + 1])
            #expect(try StreamedModel.decode(stream, portion: 1).firstTensorAt == end && end < UInt64(stream.count))
        }
    }

    @Test(arguments: 0..<20)
    func unitsInAnyOrder(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let stream = try Self.reordered(SeveralFiles.stream) { $0.shuffled(using: &random) }
        let model = try StreamedModel.decode(stream, portion: 100)
        #expect(try model.files == Self.files(SeveralFiles.stream))
        // What is small is kept until its turn.
        #expect(model.uncheckedFiles == [])
    }

    /// Large tensors that come long before their turn are not kept; their file is to be read again.
    @Test func farFromTheirPlaces() throws {
        let size = 10 << 20
        var stream = HandMadeStream((0..<4).map { ("t\($0)", [UInt64(size)], [UInt8](repeating: UInt8($0 + 1), count: size)) })
        stream.level = 1
        stream.addFile("other", [1, 2, 3])
        let inOrder = try stream.bytes()
        let backwards = try Self.reordered(inOrder) { $0.reversed() }
        #expect(try StreamedModel.decode(inOrder, portion: 1 << 20).uncheckedFiles == [])
        let model = try StreamedModel.decode(backwards, portion: 1 << 20)
        #expect(model.uncheckedFiles == [0])
        #expect(try model.files == Self.files(inOrder))

        // Wrong digests are seen at once, or by who reads the file again.
        for file in [0, 1] {
            let parts = StreamParts(backwards)
            var index = try parts.index()
            index.files[file].sha256[0] ^= 1
            let error = StreamedModel.refusal(try parts.stream(index: index), portion: 1 << 20)
            #expect(error?.code == .fileDigest && error?.message.contains(["'f'", "'other'"][file]) == true && error?.element == "file_sha256")
        }
    }

    @Test func resultsMustBeTaken() throws {
        let stream = TamisStream()
        try ByteView.of(SmallStream.stream) { (bytes) throws(TamisError) in
            #expect(stream.files == nil && stream.tensors == nil && stream.fileDigests == nil)
            let count = try stream.push(bytes)
            #expect(count == bytes.count && stream.byteCount == UInt64(count) && stream.files?.count == 1 && stream.tensors?.count == 6)
            for _ in 0..<2 {
                #expect { try stream.push(bytes[0..<0]) } throws: { ($0 as? TamisError)?.code == .invalidArgument }
                #expect { try stream.finish() } throws: { ($0 as? TamisError)?.code == .invalidArgument }
            }
            while stream.nextTensor() != nil {}
            #expect { try stream.finish() } throws: { ($0 as? TamisError)?.code == .invalidArgument }
            while stream.nextPiece() != nil {}
            // Nothing was lost.
            try stream.finish()
            try stream.finish()
            #expect(stream.fileDigests?.first == SmallStream.file.withUnsafeBytes { SHA256.of($0) })
            #expect { try stream.push(bytes) } throws: { ($0 as? TamisError)?.code == .trailingBytes }
        }
    }

    /// No more is decoded at once than is told, however much is pushed.
    @Test func decodesInBatches() throws {
        let size = 5 << 20
        var stream = HandMadeStream((0..<12).map { ("t\($0)", [UInt64(size)], [UInt8](repeating: UInt8($0), count: size)) })
        stream.level = 1
        let bytes = try stream.bytes()
        let decoder = TamisStream(results: .tensors)
        try ByteView.of(bytes) { (view) throws(TamisError) in
            var (done, tensors) = (0, 0)
            while done < view.count {
                done += try decoder.push(view[done..<view.count])
                var together = 0
                while let tensor = decoder.nextTensor() { together += tensor.bytes.count }
                #expect(together <= (24 << 20) + size)
                tensors += together / size
            }
            #expect(tensors == 12)
            try decoder.finish()
        }
    }

    /// Bytes that were handed out stay as long as they are held.
    @Test func resultsOutliveTheStream() throws {
        var held: [TamisStream.Tensor] = []
        do {
            let stream = TamisStream(results: .tensors)
            try ByteView.of(SmallStream.stream) { (bytes) throws(TamisError) in _ = try stream.push(bytes) }
            while let tensor = stream.nextTensor() { held.append(tensor) }
        }
        let file = try TamisFile(bytes: SmallStream.stream)
        for tensor in held { #expect(try file.tensor(named: tensor.description.name).1 == tensor.bytes.withView { $0.array }) }
        #expect(held.count == 6)
    }
}
