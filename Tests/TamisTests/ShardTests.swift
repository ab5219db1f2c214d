import Tamis
import TamisBits
import TamisSyntax
import TamisTestSupport
import Testing

@Suite("Shards of a model")
struct ShardTests {
    private static func shards(_ count: Int, _ options: EncodingOptions, of model: SeveralFiles = SeveralFiles.model) throws -> [[UInt8]] {
        try (0..<count).map { number in
            var options = options
            options.shard = Shard(number: number, count: count)
            return try model.encoded(options)
        }
    }

    private static let options = EncodingOptions(target: .quality(decibels: 20), effort: 3, sliceElementsLog2: 10)

    /// The error of merging, which must be one.
    private static func error(_ shards: [[UInt8]]) -> TamisError? {
        do throws(TamisError) {
            _ = try Tamis.merge(shards, threads: ThreadCount(2))
            return nil
        } catch {
            return error
        }
    }

    @Test("Merged, they are what encoding at once gives", arguments: [
        EncodingOptions(target: .quality(decibels: 20), effort: 3, sliceElementsLog2: 10), EncodingOptions(target: .lossless), EncodingOptions(target: .step(0.02), effort: 1),
        EncodingOptions(target: .snr(decibels: 25), allocation: .global, effort: 2), EncodingOptions(effort: 4, exclusions: ["*"]),
        EncodingOptions(effort: 2, settings: TensorSettings(quantizer: .codebook(levels: 8), pruning: .deviations(0.4))),
        EncodingOptions(effort: 5, rules: [TensorRule(pattern: "bias*", settings: TensorSettings(quantizer: .trellis(states: 8)))]),
    ], [1, 2, 3, 7, 30])
    func merge(_ options: EncodingOptions, _ count: Int) throws {
        let whole = try SeveralFiles.model.encoded(options)
        let shards = try Self.shards(count, options)
        #expect(shards.count == 1 || shards.allSatisfy { $0.count < whole.count })
        #expect(try Tamis.merge(shards.reversed(), threads: ThreadCount(2)) == whole)
    }

    @Test("Each unit of the whole is in one shard, and they stand in order")
    func units() throws {
        func units(_ stream: [UInt8]) -> [StreamParts.Unit] { Array(StreamParts(stream).units.dropFirst(3).dropLast(2)) }
        let shards = try Self.shards(4, Self.options)
        #expect(shards.flatMap(units) == units(try SeveralFiles.model.encoded(Self.options)))
        for (number, shard) in shards.enumerated() {
            let types = Set(units(shard).map(\.type))
            #expect(types.contains(UnitHeader.UnitType.skeleton.rawValue) == (number == 0))
            #expect(!types.isEmpty)
        }
    }

    @Test("Targets of the whole stream are refused", arguments: [EncodingOptions.Target.size(bytes: 5000), .bitsPerWeight(3)])
    func targets(_ target: EncodingOptions.Target) throws {
        let error = #expect(throws: TamisError.self) { try Self.shards(2, EncodingOptions(target: target)) }
        #expect(error?.code == .invalidArgument && error?.message.contains("shard") == true)
    }

    @Test("Sets that are not all the shards of one model are refused")
    func wrongSets() throws {
        let shards = try Self.shards(3, Self.options)
        let whole = try SeveralFiles.model.encoded(Self.options)
        var other = Self.options
        other.provenance = "--quality 21"
        var otherModel = SeveralFiles.model
        otherModel.addSkeleton([1])
        for (set, words) in [
            ([], "no shards"), ([shards[0], shards[2]], "1 shard lacks: 2"), ([shards[1]], "2 shards lack: 1, 3"),
            (shards + [shards[1]], "shard 2 of 3, and so is 'stream 2'"), (shards + [whole], "whole model"), ([whole, whole], "whole model"),
            ([shards[0], try Self.shards(4, Self.options)[1], shards[2]], "shard 2 of 4, 'stream 1' is shard 1 of 3"),
            ([shards[0], try Self.shards(3, other)[1], shards[2]], "other options than 'stream 1': '--quality 21"),
            ([shards[0], shards[1], try Self.shards(3, Self.options, of: otherModel)[2]], "another model than 'stream 1'"),
        ] as [([[UInt8]], String)] {
            let error = try #require(Self.error(set))
            #expect(error.code == .invalidArgument && error.description.contains(words) && (set.isEmpty || error.advice != nil), "\(error)")
        }
        #expect(Self.error([shards[0], shards[1], Array("not a stream".utf8)])?.code == .notTamis)
    }

    @Test("Shards whose contents do not fit each other are refused")
    func wrongContents() throws {
        let shards = try Self.shards(2, Self.options)
        // The second shard calls itself the first one, so that its tensors are there twice, and the others nowhere.
        func numbered(_ shard: [UInt8], _ number: UInt8) throws -> [UInt8] {
            var parts = StreamParts(shard)
            parts.units[0].payload[4] = number
            return try parts.stream()
        }
        let twice = try #require(Self.error([shards[0], try numbered(shards[0], 1)]))
        #expect(twice.code == .duplicate && twice.file == "stream 2", "\(twice)")
        let without = try #require(Self.error([try numbered(shards[1], 0), try Self.empty(shards[1])]))
        #expect(without.code == .missing, "\(without)")
    }

    /// The shard without its units.
    private static func empty(_ shard: [UInt8]) throws -> [UInt8] {
        var parts = StreamParts(shard)
        var index = try parts.index()
        for tensor in index.tensorUnits.indices { index.tensorUnits[tensor].unitNumber = 0 }
        parts.units.removeSubrange(3..<(parts.units.count - 2))
        return try parts.stream(index: index)
    }

    @Test("Damage is told with the shard and the place in it")
    func damage() throws {
        var shards = try Self.shards(3, Self.options)
        let data = UnitHeader.UnitType.data.rawValue
        let number = try #require(shards.lastIndex { StreamParts($0).units.contains { $0.type == data } })
        let sound = shards[number]
        shards[number][sound.count / 2] ^= 1
        let damaged = try #require(Self.error(shards))
        #expect(damaged.file == "stream \(number + 1)" && damaged.family == .malformed, "\(damaged)")
        // A changed digest with checksums that fit shows when the tensor is decoded.
        var parts = StreamParts(sound)
        let unit = try #require(parts.units.firstIndex { $0.type == data })
        parts.units[unit].payload[1] ^= 1
        shards[number] = try parts.stream()
        let wrong = try #require(Self.error(shards))
        #expect(wrong.code == .tensorDigest && wrong.file == "stream \(number + 1)" && wrong.unit == "data_unit[\(unit)]", "\(wrong)")
        #expect(wrong.byteOffset.map { Int($0) - parts.offsets[unit] } == UnitHeader.byteCount + 1)
        let file = try TamisFile(bytes: shards[number], takesShards: true)
        let alone = #expect(throws: TamisError.self) { try file.checkUnits() }
        #expect(alone?.code == .tensorDigest && alone?.unit == wrong.unit && alone?.byteOffset == wrong.byteOffset)
    }

    @Test("Digests that shards state are compared; ancillary units are kept")
    func others() throws {
        let whole = try SeveralFiles.model.encoded(Self.options)
        var shards = try Self.shards(3, Self.options)
        var parts = StreamParts(shards[1])
        var index = try parts.index()
        index.files = try StreamParts(whole).index().files
        shards[1] = try parts.stream(index: index)
        #expect(try Tamis.merge(shards, threads: ThreadCount(1)) == whole)
        parts.units.insert(StreamParts.Unit(type: 200, payload: [1, 2, 3]), at: 3)
        var moved = index
        for tensor in moved.tensorUnits.indices where moved.tensorUnits[tensor].unitNumber > 0 { moved.tensorUnits[tensor].unitNumber += 1 }
        shards[1] = try parts.stream(index: moved)
        let merged = try Tamis.merge(shards, threads: ThreadCount(1))
        #expect(StreamParts(merged).units.contains(StreamParts.Unit(type: 200, payload: [1, 2, 3])))
        #expect(try TamisFile(bytes: merged).decode(file: 1) == TamisFile(bytes: whole).decode(file: 1))
        moved.files[0].sha256[0] ^= 1
        shards[1] = try parts.stream(index: moved)
        let error = try #require(Self.error(shards))
        #expect(error.code == .fileDigest && error.file == "stream 2", "\(error)")
    }

    @Test("A shard alone: its tensors, but no files")
    func alone() throws {
        let whole = try TamisFile(bytes: try SeveralFiles.model.encoded(Self.options))
        for (number, shard) in try Self.shards(3, Self.options).enumerated() {
            let refused = #expect(throws: TamisError.self) { try TamisFile(bytes: shard) }
            #expect(refused?.code == .unsupportedFeature && refused?.element == "shard_count" && refused?.advice == "merge the shards first: tamis merge")
            for access in [TamisFile.Access.sequential, .random] {
                let file = try TamisFile(bytes: shard, access: access, takesShards: true)
                #expect(file.shard == Shard(number: number, count: 3))
                let summary = try file.summary()
                #expect(summary.shard == file.shard && summary.fileByteCount == UInt64(shard.count))
                #expect(summary.sources.allSatisfy { $0.decodedSHA256.isEmpty })
                let own = Set(summary.tensors.map(\.description.name))
                for tensor in file.tensors.map(\.name) {
                    if own.contains(tensor) {
                        #expect(try file.tensor(named: tensor).1 == whole.tensor(named: tensor).1)
                    } else {
                        #expect(throws: TamisError.self) { try file.tensor(named: tensor) }
                    }
                }
                #expect(throws: TamisError.self) { try file.decode(file: 0) }
                try file.checkUnits(threads: ThreadCount(2))
            }
        }
    }

    @Test("Numbers of shards")
    func numbers() {
        #expect(Shard(number: 0, count: 0) == nil && Shard(number: 2, count: 2) == nil && Shard(number: -1, count: 2) == nil)
        #expect(Shard(number: 0, count: 65536) == nil && Shard(number: 65534, count: 65535)?.description == "65535 of 65535")
    }
}
