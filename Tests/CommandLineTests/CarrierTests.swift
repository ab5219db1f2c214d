import Glibc
import TamisTestSupport
import Testing

/// Models in every carrier: external data, safetensors, shards.
@Suite struct CarrierTests {
    /// A model whose weights lie in two files, one of them in a folder, with bytes between them that belong to nobody.
    private struct External {
        let folder: Folder
        let model: [UInt8]
        let first: [UInt8]
        let second: [UInt8]

        init() throws {
            folder = try Folder()
            let a = Self.bytes(SmallModel.values(4000, seed: 1))
            let b = Self.bytes(SmallModel.values(3000, seed: 2))
            let c = Self.bytes(SmallModel.values(120, seed: 3))
            first = Array("head".utf8) + a + [UInt8](repeating: 7, count: 60) + c + Array("tail".utf8)
            second = b
            model = ONNX.model(ONNX.graph(initializers: [
                Self.tensor("a", [50, 80], "weights.bin", offset: 4, a.count),
                Self.tensor("b", [60, 50], "more/b.data", offset: nil, nil),
                Self.tensor("c", [120], "weights.bin", offset: 4 + a.count + 60, c.count),
                ONNX.tensor("inside", dims: [40], .raw(Self.bytes(SmallModel.values(40, seed: 4)))),
            ]))
            mkdir(folder.path("more"), 0o700)
            try folder.write("model.onnx", model)
            try folder.write("weights.bin", first)
            try folder.write("more/b.data", second)
        }

        private static func bytes(_ values: [Float]) -> [UInt8] { SmallModel.Tensor(name: "", dimensions: [values.count], values: values).bytes }

        private static func tensor(_ name: String, _ dimensions: [Int], _ location: String, offset: Int?, _ length: Int?) -> [UInt8] {
            ONNX.tensor(name, dims: dimensions.map { Int64($0) }, .none) { tensor in
                for (key, value) in [("location", location), ("offset", offset.map(String.init)), ("length", length.map(String.init))] as [(String, String?)] {
                    guard let value else { continue }
                    tensor.message(13, protobuf { $0.text(1, key); $0.text(2, value) })
                }
                tensor.integer(14, 1)
            }
        }
    }

    @Test func externalDataComeBack() throws {
        let model = try External()
        let encoded = try Tool.run("encode", model.folder.path("model.onnx"), "--lossless")
        #expect(encoded.status == 0, "\(encoded.errors)")
        #expect(encoded.errors.contains("weights.bin"))
        let target = try Folder()
        let decoded = try Tool.run("decode", model.folder.path("model.tamis"), "-o", target.path("copy.onnx"))
        #expect(decoded.status == 0, "\(decoded.errors)")
        #expect(try target.read("copy.onnx") == model.model)
        #expect(try target.read("weights.bin") == model.first)
        #expect(try target.read("more/b.data") == model.second)
        #expect(try Tool.run("verify", model.folder.path("model.tamis"), "--against", model.folder.path("model.onnx")).status == 0)
        #expect(try Tool.run("compare", model.folder.path("model.onnx"), target.path("copy.onnx")).status == 0)
        // Files that are there stay, all of them.
        try target.write("weights.bin", [1, 2, 3])
        let again = try Tool.run("decode", model.folder.path("model.tamis"), "-o", target.path("other.onnx"))
        #expect(again.status == 73 && again.errors.contains("weights.bin"))
        #expect(try target.read("weights.bin") == [1, 2, 3])
        #expect(target.names == ["copy.onnx", "more", "weights.bin"])
    }

    @Test func severalFilesNeedAFolder() throws {
        let model = try External()
        #expect(try Tool.run("encode", model.folder.path("model.onnx")).status == 0)
        let piped = try Tool.run("decode", model.folder.path("model.tamis"), "-o", "-")
        #expect(piped.status == 64 && piped.errors.contains("--single-file") && piped.output.isEmpty)
        let fromPipe = try Tool.run("encode", "-", "-o", model.folder.path("x.tamis"), input: model.model)
        #expect(fromPipe.status == 66, "\(fromPipe.errors)")
        #expect(!model.folder.exists("x.tamis"))
    }

    @Test(arguments: ["--single-file", "--external"]) func dataMove(_ form: String) throws {
        let model = try External()
        #expect(try Tool.run("encode", model.folder.path("model.onnx"), "--lossless").status == 0)
        let target = try Folder()
        let decoded = try Tool.run("decode", model.folder.path("model.tamis"), "-o", target.path("new.onnx"), form)
        #expect(decoded.status == 0, "\(decoded.errors)")
        #expect(target.names == (form == "--single-file" ? ["new.onnx"] : ["new.onnx", "new.onnx.data"]))
        // The same tensors are there, in other places.
        let compared = try Tool.run("compare", model.folder.path("model.onnx"), target.path("new.onnx"), "--json")
        #expect(compared.status == 1)
        let tensors = try #require(compared.json["tensors"] as? [[String: Any]])
        #expect(tensors.count == 4 && tensors.allSatisfy { $0["identical"] as? Bool == true })
    }

    /// What must not be opened is not, and the error says which name and why.
    @Test func linksAreNotFollowed() throws {
        let model = try External()
        let secret = try Folder()
        try secret.write("weights.bin", model.first)
        unlink(model.folder.path("weights.bin"))
        symlink(secret.path("weights.bin"), model.folder.path("weights.bin"))
        let refused = try Tool.run("encode", model.folder.path("model.onnx"))
        #expect(refused.status == 66 && refused.errors.contains("weights.bin"), "\(refused.errors)")
        #expect(!model.folder.exists("model.tamis"))
        unlink(model.folder.path("weights.bin"))
        let missing = try Tool.run("encode", model.folder.path("model.onnx"))
        #expect(missing.status == 66 && missing.errors.contains("weights.bin"))
    }

    private static let tensors = [
        Safetensors.Tensor("layer.weight", "F32", [40, 60], SmallModel.Tensor(name: "", dimensions: [], values: SmallModel.values(2400, seed: 5)).bytes),
        Safetensors.Tensor("norm.weight", "BF16", [600], (0..<1200).map { $0 % 2 == 0 ? UInt8(truncatingIfNeeded: $0 &* 7) : 0x3F }),
        Safetensors.Tensor("position", "I64", [30], (0..<240).map { $0 % 8 == 0 ? UInt8($0 / 8) : 0 }),
    ]

    @Test func safetensorsComeBack() throws {
        let folder = try Folder()
        let bytes = Safetensors.file(Self.tensors)
        let path = try folder.write("model.safetensors", bytes)
        #expect(try Tool.run("encode", path, "--lossless").status == 0)
        let decoded = try Tool.run("decode", folder.path("model.tamis"), "-o", folder.path("copy.safetensors"))
        #expect(decoded.status == 0, "\(decoded.errors)")
        #expect(try folder.read("copy.safetensors") == bytes)
        // The name and its ending are those of the model.
        unlink(path)
        #expect(try Tool.run("decode", folder.path("model.tamis")).status == 0)
        #expect(try folder.read("model.safetensors") == bytes)
        let inspected = try Tool.run("inspect", path)
        #expect(inspected.status == 0 && inspected.text.contains("norm.weight") && inspected.text.contains("bfloat16"))
        let refused = try Tool.run("decode", folder.path("model.tamis"), "-o", folder.path("x.onnx"), "--single-file")
        #expect(refused.status == 64 && refused.errors.contains("--single-file"))
        #expect(try Tool.run("encode", path, "-f", "--step", "0.01").status == 0)
        #expect(try Tool.run("verify", folder.path("model.tamis"), "--against", path).status == 1)
    }

    @Test func shardsComeBack() throws {
        let folder = try Folder()
        let shards = [Safetensors.file(Array(Self.tensors[..<1])), Safetensors.file(Array(Self.tensors[1...]))]
        let index = Safetensors.index(Self.tensors.enumerated().map { ($1.name, $0 == 0 ? "model-1.safetensors" : "model-2.safetensors") })
        try folder.write("model-1.safetensors", shards[0])
        try folder.write("model-2.safetensors", shards[1])
        let path = try folder.write("model.safetensors.index.json", index)
        let encoded = try Tool.run("encode", path, "--lossless")
        #expect(encoded.status == 0, "\(encoded.errors)")
        #expect(folder.exists("model.tamis"))
        let target = try Folder()
        #expect(try Tool.run("decode", folder.path("model.tamis"), "-o", target.path("model.safetensors.index.json")).status == 0)
        #expect(target.names == ["model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json"])
        #expect(try target.read("model-1.safetensors") == shards[0])
        #expect(try target.read("model-2.safetensors") == shards[1])
        #expect(try target.read("model.safetensors.index.json") == index)
    }

    @Test func losslessContradictsQuantizers() throws {
        let folder = try Folder()
        let path = try folder.write("model.onnx", SmallModel.plain)
        for words in [["--quality", "20"], ["--quantizer", "half"], ["--prune", "magnitude=0.1"]] {
            let refused = try Tool.run(["encode", path, "--lossless"] + words)
            #expect(refused.status == 64, "\(words): \(refused.errors)")
        }
        #expect(try Tool.run("encode", path, "--lossless").status == 0)
        #expect(try Tool.run("inspect", folder.path("model.tamis")).text.contains("--lossless"))
    }

    @Test func contentIsToldByType() throws {
        let folder = try Folder()
        let path = try folder.write("model.onnx", try SmallModel.digits())
        #expect(try Tool.run("encode", path, "--exclude", "*").status == 0)
        let inspected = try Tool.run("inspect", folder.path("model.tamis"))
        #expect(inspected.text.contains("float32, exact") && inspected.text.contains("float32 kept bit by bit"), "\(inspected.text)")
        let content = try #require(try Tool.run("inspect", "--json", folder.path("model.tamis")).json["content"] as? [[String: Any]])
        let bytes = content.compactMap { $0["bytes"] as? Int }.reduce(0, +)
        #expect(bytes == (try folder.read("model.tamis")).count)
        #expect(content.compactMap { $0["source_bytes"] as? Int }.reduce(0, +) == (try SmallModel.digits()).count)
    }
}
