import TamisBits
import TamisModel
import TamisONNX
import TamisTestSupport
import Testing

@Suite("Data in other files are found, checked and shared")
struct ExternalDataTests {
    private func model(_ tensors: [[UInt8]]) -> [UInt8] { ONNX.model(ONNX.graph(initializers: tensors)) }

    @Test func locationsInTheOrderOfTheirMention() throws {
        let constant = ONNX.node("Constant", outputs: ["c"], [ONNX.tensorAttribute("value", external(location: "z"))])
        let file = ONNX.model(
            ONNX.graph(nodes: [constant], initializers: [external(location: "a/b"), ONNX.weight(), external(location: "z"), external(location: "y")]))
        #expect(try locations(file) == ["z", "a/b", "y"])
        #expect(try locations(ONNX.everything()) == [])
    }

    @Test(arguments: 0..<8)
    func everyPlaceHasHoles(_ number: Int) throws {
        let (place, file) = everyPlace(of: external("w", location: "w.bin", offset: "8"))[number]
        let model = try scan(file, sides: [("w.bin", 40)])
        #expect(model.files == [.init(name: "m.onnx", byteCount: UInt64(file.count)), .init(name: "w.bin", byteCount: 40)])
        let hole = try #require(model.holes.last)
        #expect(hole.file == 1 && hole.offset == 8 && hole.byteCount == 32, "\(place)")
        #expect(model.tensors[hole.tensor].elementType == .float32 && model.tensors[hole.tensor].shape.dimensions == [8])
        #expect(model.floatElementCount >= 8 && model.roles.count == model.tensors.count)
    }

    @Test func holesAreInTheOrderOfBytes() throws {
        let file = model([
            external("b", location: "2", offset: "0"), external("c", location: "1", offset: "64", length: "32"), ONNX.weight("inline"),
            external("d", dims: [2, 4], location: "1", offset: "0"), external("e", dims: [16], type: 10, location: "2", offset: "32"),
        ])
        // The caller may give the files in any order.
        let source = try scan(file, sides: [("1", 96), ("2", 64)])
        #expect(source.files.map(\.name) == ["m.onnx", "2", "1"])
        #expect(source.tensors.map(\.name) == ["inline", "b", "e", "d", "c"])
        #expect(source.holes.map(\.file) == [0, 1, 1, 2, 2])
        #expect(source.holes.dropFirst().map(\.offset) == [0, 32, 0, 64])
        #expect(source.holes.map(\.tensor) == [0, 1, 2, 3, 4])
        #expect(source.aliases == [])
        #expect(source.floatElementCount == 8 * 4 + 16)
    }

    @Test func keysThatAreNotUsed() throws {
        let tensor = external("w", location: "w") {
            for (key, value) in [("checksum", "../x"), ("basepath", "/etc"), ("__class__", "x"), ("", ""), ("Location", "/abs"), ("offset ", "-1")] {
                $0.message(13, entry(key, value))
            }
            $0.message(13, [])
        }
        #expect(try scan(model([tensor]), sides: [("w", 32)]).holes.map(\.file) == [1])
    }

    @Test func padding() throws {
        let file = model([external("w", location: "w", offset: "4", length: "40")])
        #expect(try scan(file, sides: [("w", 44)]).holes == [.init(file: 1, offset: 4, byteCount: 32, tensor: 0)])
        #expect(fault { () throws(TamisError) in _ = try scan(file, sides: [("w", 43)]) }?.code == .invalidModel)
    }

    @Test func sameBytesAreOneTensor() throws {
        let file = model([
            external("embedding", dims: [2, 4], location: "w", offset: "0"), external("head", dims: [2, 4], location: "w", offset: "0", length: "32"),
            external("flat", location: "w", offset: "0"), external("bits", dims: [2, 4], type: 6, location: "w", offset: "0"),
            external("again", dims: [2, 4], location: "w"),
        ])
        let source = try scan(file, sides: [("w", 32)])
        #expect(source.tensors.map(\.name) == ["embedding"])
        #expect(source.holes.count == 1)
        #expect(source.aliases == [.init(name: "head", tensor: 0), .init(name: "again", tensor: 0)])
        #expect(source.floatElementCount == 8 + 8)
    }

    /// One of them gets the bytes; all bytes are in a hole or in a skeleton once.
    @Test func overlaps() throws {
        let cases: [(tensors: [[UInt8]], kept: [String])] = [
            ([external("a", location: "w", offset: "0"), external("b", location: "w", offset: "31")], ["a"]),
            ([external("b", location: "w", offset: "16"), external("a", location: "w", offset: "0")], ["a"]),
            ([external("a", dims: [24], location: "w"), external("b", location: "w", offset: "32"), external("c", location: "w", offset: "96")], ["a", "c"]),
            ([external("a", location: "w"), external("b", location: "w", offset: "16"), external("c", location: "w", offset: "32")], ["a", "c"]),
            ([external("a", location: "w"), external("b", dims: [4], location: "w")], ["a"]),
        ]
        for (tensors, kept) in cases {
            let source = try scan(model(tensors), sides: [("w", 128)])
            #expect(source.tensors.map(\.name) == kept)
            #expect(source.aliases == [])
            #expect(zip(source.holes, source.holes.dropFirst()).allSatisfy { $0.offset + $0.byteCount <= $1.offset })
        }
    }

    /// What has no sure meaning stays in the skeletons, and its file is carried all the same.
    @Test(arguments: [
        external("w", location: "w") { $0.message(9, floats(8)) }, external("w", location: "w") { $0.message(4, floats(8)) },
        external("w", location: "w") { $0.integer(14, 1) }, external("w", location: "w") { $0.text(8, "other") },
        external("w", location: "w") { $0.message(3, []) }, external("w", dims: [0, 8], location: "w"), external("w", dims: [-8], location: "w"),
        external("w", dims: [3], location: "w"), external("w", dims: [], location: "w"), external("w", type: 8, location: "w"),
        external("w", type: 99, location: "w"), external("w", dims: [1 << 32, 1 << 32], location: "w"),
        external("w", dims: [Int64](repeating: 1, count: 16) + [8], location: "w"),
        external("w", location: "w") { $0.fixed32(13, 1) },
    ])
    func doubtfulTensors(_ tensor: [UInt8]) throws {
        for (_, file) in everyPlace(of: tensor) {
            #expect(try locations(file) == ["w"])
            let source = try scan(file, sides: [("w", 64)])
            #expect(source.files.count == 2)
            #expect(!source.holes.contains { $0.file == 1 })
        }
    }

    @Test func whatNamesNoOtherFile() throws {
        for tensor in [
            external("w", location: nil), external("w", location: nil, offset: "4"),
            ONNX.tensor("w", dims: [8], .none) { $0.message(13, entry("location", "../w")) },
            ONNX.tensor("w", dims: [8], .raw(floats(8))) { $0.message(13, entry("location", "../w")); $0.integer(14, 0) },
            ONNX.tensor("w", dims: [8], .none) { $0.message(13, entry("location", "../w")); $0.integer(14, 2) },
        ] {
            #expect(try locations(model([tensor])) == [])
            #expect(try scan(model([tensor]), sides: []).holes == [])
        }
    }

    @Test func filesThatAreNotThoseOfTheModel() throws {
        let file = model([external("w", location: "w"), external("v", location: "v")])
        for sides in [[], [("w", 32)], [("w", 32), ("x", 32)], [("w", 32), ("w", 32)], [("w", 32), ("v", 32), ("x", 1)]] as [[(String, Int)]] {
            #expect(fault { () throws(TamisError) in _ = try scan(file, sides: sides) }?.code == .invalidArgument)
        }
        #expect(try scan(file, sides: [("v", 32), ("w", 32)]).holes.count == 2)
        // Alone, it is what it was.
        #expect(try scan(file).holes == [])
        let own = model([external("w", location: "m.onnx")])
        #expect(fault { () throws(TamisError) in _ = try scan(own, sides: [("m.onnx", 32)]) }?.code == .invalidModel)
    }

    /// A shared tensor is read by all nodes that read one of its names.
    @Test func rolesOfSharedTensors() throws {
        func product(_ weight: String, _ output: String) -> [UInt8] { ONNX.node("MatMul", inputs: ["x", weight], outputs: [output]) }
        func roles(_ offset: String) throws -> [LayerRole.Consumer?] {
            let tensors = [external("a", dims: [4, 4], location: "w"), external("b", dims: [4, 4], location: "w", offset: offset)]
            let graph = ONNX.graph(nodes: [product("a", "y"), product("b", "z")], initializers: tensors, inputs: ["x"], outputs: ["y", "z"])
            return try scan(ONNX.model(graph), sides: [("w", 128)]).roles.map { $0?.consumer }
        }
        #expect(try roles("64") == [.matMul, .matMul])
        #expect(try roles("0") == [LayerRole.other.consumer])
    }

    @Test func manyTensorsTakeLittleTime() throws {
        let count = 200_000
        let file = model((0..<count).map { external("layer.\($0 % 1000).weight.\($0)", location: "w.bin", offset: "\(4096 * ($0 / 2))", length: "32") })
        let clock = ContinuousClock()
        var source: SourceModel?
        let time = try clock.measure { source = try scan(file, sides: [("w.bin", 2048 * count)]) }
        #expect(source?.tensors.count == count / 2)
        #expect(source?.aliases.count == count / 2)
        #expect(time < .seconds(20), "\(time)")
    }

    @Test func manyFiles() throws {
        let sides = (0..<3000).map { ("dir/w\($0)", 32) }
        let source = try scan(model(sides.map { external($0.0, location: $0.0) }), sides: sides.reversed())
        #expect(source.files.dropFirst().map(\.name) == sides.map(\.0))
        #expect(source.holes.map(\.file) == Array(1...3000))
        let tooMany = model((0..<65_536).map { external(location: "\($0)") })
        #expect(fault { () throws(TamisError) in _ = try locations(tooMany) }?.code == .limitExceeded)
        #expect(try locations(model((0..<65_535).map { external(location: "\($0)") })).count == 65_535)
    }
}
