import TamisBits
import TamisModel
import TamisSafetensors
import TamisTestSupport
import Testing

@Suite("Models in safetensors files")
struct SafetensorsModelTests {
    static func scan(_ bytes: [UInt8], _ name: String = "s") throws(TamisError) -> SourceModel {
        try ByteView.of(bytes) { (view) throws(TamisError) in try SafetensorsModel.scan(view, fileName: name) }
    }

    @Test("Holes are the tensors in the order of their bytes; the header is all that is left")
    func holes() throws {
        let bytes = Safetensors.file(
            metadata: #""__metadata__":{"format":"pt"}"#,
            [.init("w", [2, 2], floats: [1, 2, 3, 4]), .init("none", "F32", [0, 3], []), .init("count", [], integers: [7]), .init("mask", "BOOL", [3], [1, 0, 1])])
        let model = try Self.scan(bytes, "m.safetensors")
        #expect(model.format == "safetensors" && model.files == [.init(name: "m.safetensors", byteCount: UInt64(bytes.count))])
        #expect(model.tensors.map(\.name) == ["w", "count", "mask"])
        #expect(model.tensors.map(\.elementType) == [.float32, .int64, .bool])
        #expect(model.tensors.map(\.shape.dimensions) == [[2, 2], [], [3]])
        #expect(model.holes.map(\.tensor) == [0, 1, 2] && model.holes.allSatisfy { $0.file == 0 })
        #expect(model.holes.map(\.byteCount) == [16, 8, 3] && model.holes.last?.range.upperBound == bytes.count)
        #expect(zip(model.holes, model.holes.dropFirst()).allSatisfy { $0.offset + $0.byteCount == $1.offset })
        #expect(Array(bytes[model.holes[2].range]) == [1, 0, 1])
        #expect(model.aliases.isEmpty && model.floatElementCount == 4 && model.roles.count == 3)
        #expect(try Self.scan(Safetensors.file([])).holes.isEmpty)
    }

    @Test("Every type is one of a stream, of as many bits and the same kind", arguments: SafetensorsType.allCases)
    func types(type: SafetensorsType) throws {
        let tensor = try #require(try Self.scan(Safetensors.file([.init("a", type.rawValue, [2, 4], [UInt8](repeating: 0, count: Int(type.bitCount)))])).tensors.first)
        #expect(UInt64(tensor.elementType.bitCount) == type.bitCount && tensor.byteCount == type.bitCount)
        let word = type.rawValue
        let kind: ElementType.Kind =
            word == "BOOL" ? .bool : word.hasPrefix("I") ? .signedInteger : word.hasPrefix("U") ? .unsignedInteger : word.hasPrefix("C") ? .complex : .floatingPoint
        #expect(tensor.elementType.kind == kind)
        // float8E4M3FNUZ is "F8_E4M3FNUZ"; only one name leaves out that it has no infinities.
        let name = word.filter { $0 != "_" }.lowercased()
        let own = tensor.elementType.name
        #expect(type == .float8E4M3 ? own == "float8e4m3fn" : word.hasPrefix("F8") || word.hasPrefix("F6") ? own == "float" + name.dropFirst() : true)
    }

    @Test("Tensors of more dimensions than a stream has stay in the skeleton, and of more than there can be are refused")
    func rank() throws {
        func file(_ rank: Int) -> [UInt8] {
            Safetensors.file([.init("a", "U8", [Int](repeating: 1, count: rank), [5]), .init("b", "U8", [1], [6])])
        }
        #expect(try Self.scan(file(16)).tensors.map(\.name) == ["a", "b"])
        let model = try Self.scan(file(17))
        #expect(model.tensors.map(\.name) == ["b"] && model.holes.map(\.offset) == [UInt64(file(17).count - 1)])
        #expect(try Self.scan(file(64)).tensors.count == 1)
        #expect(#expect(throws: TamisError.self) { try Self.scan(file(65)) }?.message.contains("more than 64 numbers in the shape of 'a'") == true)
    }

    private static func names(_ keys: [String]) throws -> [String] {
        let members = keys.enumerated().map { "\"\($1)\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[\($0),\($0 + 1)]}" }
        return try scan(Safetensors.file(header: "{\(members.joined(separator: ","))}", [UInt8](repeating: 0, count: keys.count))).tensors.map(\.name)
    }

    @Test("Names have no control characters, are of bounded length, and unique")
    func names() throws {
        #expect(try Self.names(["", "unnamed", "a\\u0000b", "a_b", "a\\tb", "a\\u0085b", "x\\u007f"]) == ["unnamed", "unnamed#2", "a_b", "a_b#2", "a_b#3", "a__b", "x_"])
        #expect(try Self.names(["a#2", "a\\n", "a_", "a_#2"]) == ["a#2", "a_", "a_#2", "a_#2#2"])
        // Of one meaning to Unicode, of two spellings.
        let spellings = try Self.names(["\\u00e9", "e\\u0301"])
        #expect(spellings.map { Array($0.utf8) } == [[0xC3, 0xA9], Array("e\u{301}#2".utf8)])
        let long = String(repeating: "x", count: 4095)
        let names = try Self.names([long + "é", long + "ü", long + "y", long + "yz", String(repeating: "é", count: 3000), long + "\\u0085"])
        #expect(names.map(\.utf8.count) == [4095, 4076 + 2, 4096, 4076 + 2, 4096, 4096])
        #expect(names[1] == String(repeating: "x", count: 4076) + "#2" && names[3].hasSuffix("#3") && names[5] == long + "_")
    }

    @Test("Errors have the name of the file and no control characters")
    func errors() {
        let error = #expect(throws: TamisError.self) {
            try Self.scan(Safetensors.file(header: #"{"\u001b[31m":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}}"#, [0]), "f")
        }
        #expect(error?.file == "f" && error?.element == "'_[31m'" && error?.code == .invalidSafetensors)
    }

    @Test("Damaged in any way, a file is refused or cut into holes that fill it")
    func damage() {
        let sample = Safetensors.file(
            metadata: #""__metadata__":{"a":"\u00e9"}"#,
            [.init("w.weight", [2, 2], floats: [1, 2, 3, 4]), .init("o", [2], integers: [1, 0]), .init("e", "BF16", [0], []), .init("s", "U8", [], [7])])
        var generator = SplitMix64(seed: 3)
        var parsed = 0
        for trial in 0..<10_000 {
            var bytes = sample
            for _ in 0...(trial % 4) { Self.mutate(&bytes, &generator) }
            guard let model = try? Self.scan(bytes) else { continue }
            parsed += 1
            Self.check(model, [bytes])
        }
        #expect(parsed > 100)
    }

    /// Changes, removes, doubles or inserts a byte, but hardly ever one of the header's length, which would end most trials at once.
    static func mutate(_ bytes: inout [UInt8], _ generator: inout SplitMix64) {
        guard !bytes.isEmpty else { return }
        var place = Int(generator.next() % UInt64(bytes.count))
        if place < 8 && generator.next() % 16 != 0 { place = bytes.count - 1 }
        switch generator.next() % 8 {
        case 0: bytes.remove(at: place)
        case 1: bytes.insert(bytes[place], at: place)
        case 2: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
        case 3: bytes[place] ^= 1 << UInt8(generator.next() % 8)
        case 4: bytes[place] = Array("\"\\{}[]:,0123456789-.eE u".utf8)[Int(generator.next() % 24)]
        default: bytes[place] = bytes[Int(generator.next() % UInt64(bytes.count))]
        }
    }

    /// Holes are as long as their tensors, do not overlap, and reach to the end of their files.
    static func check(_ model: SourceModel, _ files: [[UInt8]]) {
        #expect(model.files.map(\.byteCount) == files.map { UInt64($0.count) } && model.holes.count == model.tensors.count)
        #expect(Set(model.tensors.map(\.name)).count == model.tensors.count)
        var ends = [UInt64](repeating: 8, count: files.count)
        for hole in model.holes {
            #expect(hole.offset >= ends[hole.file] && hole.byteCount > 0 && hole.byteCount == model.tensors[hole.tensor].byteCount)
            ends[hole.file] = hole.offset + hole.byteCount
        }
        for file in Set(model.holes.map(\.file)) { #expect(ends[file] == UInt64(files[file].count)) }
    }
}
