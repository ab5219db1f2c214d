import TamisBits
import TamisModel
import TamisSafetensors
import TamisTestSupport
import Testing

@Suite("Models in several safetensors files")
struct SafetensorsIndexTests {
    private static func names(_ text: String) throws(TamisError) -> [String] {
        try ByteView.of(Array(text.utf8)) { (view) throws(TamisError) in try SafetensorsIndex(bytes: view, file: "i").shardNames }
    }

    private static func scan(_ index: [UInt8], _ shards: [(name: String, bytes: [UInt8])]) throws(TamisError) -> SourceModel {
        try ByteView.of(index) { (index) throws(TamisError) in
            try ByteView.of(shards.flatMap(\.bytes)) { (all) throws(TamisError) in
                var start = 0
                let views = shards.map { shard in
                    start += shard.bytes.count
                    return (name: shard.name, bytes: all[(start - shard.bytes.count)..<start])
                }
                return try SafetensorsModel.scan(index: index, indexName: "i", shards: views)
            }
        }
    }

    private static let first = Safetensors.file([.init("b.weight", [1, 2], floats: [1, 2])])
    private static let second = Safetensors.file([.init("a", "U8", [3], [1, 2, 3]), .init("none", "F16", [0], []), .init("c", [1], integers: [4])])
    private static let map = [("c", "s/2"), ("a", "s/2"), ("b.weight", "s/1"), ("none", "s/2")]

    @Test("Files are the index and what it names, in order of their names; names stay as they are")
    func sound() throws {
        let index = Safetensors.index(Self.map)
        #expect(try Self.names(String(decoding: index, as: UTF8.self)) == ["s/1", "s/2"])
        let model = try Self.scan(index, [("s/1", Self.first), ("s/2", Self.second)])
        #expect(model.files.map(\.name) == ["i", "s/1", "s/2"] && model.format == "safetensors")
        #expect(model.tensors.map(\.name) == ["b.weight", "a", "c"] && model.holes.map(\.file) == [1, 2, 2])
        #expect(model.floatElementCount == 2 && model.role(of: 0)?.consumer == .gemm && model.role(of: 1) == nil)
        SafetensorsModelTests.check(model, [index, Self.first, Self.second])
        #expect(try Self.scan(Safetensors.index([]), []).files.count == 1)
    }

    @Test("What else an index may hold is passed over", arguments: [
        "{\"weight_map\":{}}", " \n{\"weight_map\" : { } , \"x\":[1,-2.5e+3,0,{\"y\":[]},\"\\u00e9\",true,false,null]}\r\n\t",
        "{\"metadata\":{\"total_size\":0.1E-7,\"more\":{}},\"weight_map\":{}}",
        "{\"x\":" + String(repeating: "[", count: 16) + String(repeating: "]", count: 16) + ",\"weight_map\":{}}",
    ])
    func others(text: String) throws {
        #expect(try Self.names(text) == [])
    }

    @Test("What is no index is refused with the place", arguments: [
        ("", 0, "has the end of the index, expected {"), ("[]", 0, "expected { at the beginning of the index"), ("{}", 0, "has no weight_map"), ("{} {}", 3, "expected nothing more"),
        (#"{"weight_map":{}"#, 16, "or } in the index"), (#"{"weight_map":[]}"#, 14, "has a list, expected {"), (#"{"weight_map":{"a":1}}"#, 19, "the file of 'a'"),
        (#"{"weight_map":{},"weight_map":{}}"#, 17, "is given a second time"), (#"{"weight_map":{"a":"x","\u0061":"y"}}"#, 23, "is given a second time"),
        (#"{"weight_map":{"a":"x}"#, 22, "the index ends within the file of 'a'"), ("\u{FEFF}{\"weight_map\":{}}", 0, "expected {"),
        (#"{"x":tru,"weight_map":{}}"#, 8, "of true"), (#"{"x":nul"#, 8, "of null"), (#"{"x":01}"#, 6, "or } in the index"), (#"{"x":-}"#, 6, "expected a digit"), (#"{"x":1.}"#, 7, "expected a digit"),
        (#"{"x":1e+}"#, 8, "expected a digit"), (#"{"x":.5}"#, 5, "expected a value"), (#"{"x":[1,]}"#, 8, "expected a value"), (#"{"x":[1 2]}"#, 8, "or ] in a list"), (#"{"x":}"#, 5, "expected a value"),
        (#"{"x":NaN}"#, 5, "expected a value"), (#"{"x":"\q"}"#, 6, "unknown escape"),
        ("{\"x\":" + String(repeating: "[", count: 17), 21, "within each other"), ("{\"x\":" + String(repeating: "[{\"\":", count: 100_000), 5 + 8 * 5, "within each other"),
    ] as [(String, Int, String)])
    func refusals(text: String, offset: Int, words: String) {
        let error = #expect(throws: TamisError.self) { try Self.names(text) }
        #expect(error?.code == .invalidSafetensors && error?.file == "i" && error?.byteOffset == UInt64(offset), "\(String(describing: error))")
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test("Names of files lead downwards", arguments: [
        ("", "empty"), ("/a", "absolute"), ("a//b", "empty"), ("a/", "empty"), (".", ". or .."), ("..", ". or .."), ("a/../b", ". or .."), ("./a", ". or .."), (#"a\\b"#, "backslash"), (#"a\u0000"#, "control"),
        (#"a\u0085"#, "control"), (#"\u002e\u002e\u002fa"#, ". or .."), (String(repeating: "a/", count: 16) + "a", "15 folders"), (String(repeating: "a", count: 256), "255 bytes"),
        (String(repeating: "a", count: 1025), "1024"), ("i", "is the index itself"),
    ])
    func paths(name: String, words: String) {
        let error = #expect(throws: TamisError.self) { try Self.names("{\"weight_map\":{\"a\":\"\(name)\"}}") }
        #expect(error?.code == .invalidSafetensors && error?.byteOffset == 19 && error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test("Two spellings of one name of a file are refused")
    func spellings() {
        let error = #expect(throws: TamisError.self) { try Self.names(#"{"weight_map":{"a":"\u00e9","b":"é","c":"e\u0301"}}"#) }
        #expect(error?.byteOffset == 41 && error?.message.contains("written otherwise") == true)
    }

    @Test("More than 100 MB are refused")
    func size() {
        let text = [UInt8](repeating: 0x20, count: SafetensorsIndex.maximumBytes + 1)
        #expect(#expect(throws: TamisError.self) { try ByteView.of(text) { (view) throws(TamisError) in try SafetensorsIndex(bytes: view) } }?.code == .limitExceeded)
    }

    @Test("Index and files must agree")
    func disagreements() {
        func message(_ map: [(String, String)], _ first: [UInt8] = Self.first, _ second: [UInt8] = Self.second) -> (code: TamisError.Code?, file: String?, text: String) {
            let error = #expect(throws: TamisError.self) { try Self.scan(Safetensors.index(map), [("s/1", first), ("s/2", second)]) }
            return (error?.code, error?.file, "\(error?.element ?? "") \(error?.message ?? "")")
        }
        let moved = message([("c", "s/1"), ("a", "s/2"), ("b.weight", "s/1"), ("none", "s/2")])
        #expect(moved.code == .invalidSafetensors && moved.file == "i" && moved.text.contains("'c' is in the file 's/1' by the weight_map, but it is in 's/2'"))
        let absent = message(Self.map + [("d", "s/1")])
        #expect(absent.file == "i" && absent.text.contains("'d' is in the file 's/1' by the weight_map, but it is in none of the files"))
        let unlisted = message(Self.map.filter { $0.0 != "none" })
        #expect(unlisted.file == "s/2" && unlisted.text.contains("'none' is not in the weight_map of 'i'"))
        let doubled = message(Self.map, Safetensors.file([.init("b.weight", "U8", [1], [0]), .init("a", "U8", [0], [])]))
        #expect(doubled.file == "s/2" && doubled.text.contains("'a' is in the file 's/1', too"))
        #expect(message(Self.map, [1, 2]).file == "s/1")
        #expect(#expect(throws: TamisError.self) { try Self.scan(Safetensors.index(Self.map), [("s/2", Self.second), ("s/1", Self.first)]) }?.code == .invalidArgument)
    }

    @Test("Damaged in any way, an index is refused or names files that lead downwards; files of damaged ones are refused or fit")
    func damage() {
        var generator = SplitMix64(seed: 5)
        for trial in 0..<10_000 {
            var files = [Safetensors.index(Self.map), Self.first, Self.second]
            for _ in 0...(trial % 3) { SafetensorsModelTests.mutate(&files[Int(generator.next() % 5 / 2)], &generator) }
            if let names = try? Self.names(String(decoding: files[0], as: UTF8.self)) {
                #expect(names.allSatisfy { !$0.hasPrefix("/") && !$0.split(separator: "/").contains("..") && !$0.isEmpty })
            }
            if let model = try? Self.scan(files[0], [("s/1", files[1]), ("s/2", files[2])]) { SafetensorsModelTests.check(model, files) }
        }
    }
}
