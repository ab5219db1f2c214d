import Foundation
import Testing

@Suite("JSON reports")
struct JSONTests {
    private static func prepared() throws -> Folder {
        let folder = try Folder()
        try folder.write("a.onnx", SmallModel.plain)
        #expect(try Tool.run("encode", folder.path("a.onnx")).status == 0)
        return folder
    }

    @Test("inspect, a stream: all keys, and numbers that agree")
    func stream() throws {
        let folder = try Self.prepared()
        let json = try Tool.run("inspect", "--json", folder.path("a.tamis")).json
        for key in [
            "file_bytes", "source_bytes", "ratio", "elements", "bits_per_weight", "other_bytes", "format_version", "level", "encoder", "options",
            "source_sha256", "decoded_sha256", "tensors",
        ] { #expect(json[key] != nil, "\(key)") }
        let size = try folder.read("a.tamis").count
        #expect(json["file_bytes"] as? Int == size)
        #expect(json["source_bytes"] as? Int == SmallModel.plain.count)
        #expect(json["elements"] as? Int == 264)
        #expect(abs((json["bits_per_weight"] as? Double ?? 0) - 8 * Double(size) / 264) < 1e-9)
        #expect(abs((json["ratio"] as? Double ?? 0) - Double(SmallModel.plain.count) / Double(size)) < 1e-9)
        let tensors = json["tensors"] as? [[String: Any]] ?? []
        #expect(tensors.map { $0["name"] as? String } == ["layer.weight", "layer.bias", "sizes"])
        for tensor in tensors {
            for key in ["name", "shape", "element_type", "elements", "mode", "bytes", "bits_per_weight", "quantizer", "step", "slices"] {
                #expect(tensor[key] != nil, "\(key)")
            }
        }
        #expect(tensors.first?["shape"] as? [Int] == [8, 20])
        #expect(tensors.first?["mode"] as? String == "index" && tensors.last?["mode"] as? String == "raw")
        let bytes = tensors.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) }
        #expect(bytes + (json["other_bytes"] as? Int ?? 0) == size)
    }

    @Test("inspect, a model")
    func model() throws {
        let folder = try Self.prepared()
        // The name does not decide.
        let path = try folder.write("misnamed.tamis", SmallModel.plain)
        let json = try Tool.run("inspect", "--json", path).json
        #expect(json["file_bytes"] as? Int == SmallModel.plain.count)
        #expect(json["producer"] as? String == "tests")
        #expect((json["operator_sets"] as? [[String: Any]])?.first?["version"] as? Int == 17)
        let tensors = json["tensors"] as? [[String: Any]] ?? []
        #expect(tensors.map { $0["bytes"] as? Int } == [640, 400, 16])
        #expect(tensors.allSatisfy { $0["location"] as? String == "initializer" && $0["storage"] as? String == "raw_data" })
    }

    @Test("encode says what inspect says")
    func encode() throws {
        let folder = try Self.prepared()
        let encoded = try Tool.run("encode", folder.path("a.onnx"), "-f", "--json")
        #expect(encoded.status == 0)
        let inspected = try Tool.run("inspect", "--json", folder.path("a.tamis"))
        for (key, value) in inspected.json { #expect(encoded.json[key] as? NSObject == value as? NSObject, "\(key)") }
        #expect(encoded.json["output"] as? String == folder.path("a.tamis"))
    }

    @Test("compare: identical models, and one value moved")
    func compare() throws {
        let folder = try Self.prepared()
        let same = try Tool.run("compare", "--json", folder.path("a.onnx"), folder.path("a.onnx"))
        #expect(same.json["identical"] as? Bool == true && same.json["snr_db"] is NSNull)
        let a = SmallModel.onnx([.init(name: "w", dimensions: [2, 2], values: [3, 0, 0, 4]), .init(name: "only", dimensions: [4], values: [1, 1, 1, 1])])
        let b = SmallModel.onnx([.init(name: "w", dimensions: [2, 2], values: [3, 0.5, 0, 4]), .init(name: "new", dimensions: [4], values: [1, 1, 1, 1])])
        let outcome = try Tool.run("compare", "--json", try folder.write("x.onnx", a), try folder.write("y.onnx", b))
        #expect(outcome.status == 1 && outcome.json["identical"] as? Bool == false)
        // 10 log10(25 ⁄ 0.25)
        #expect(outcome.json["snr_db"] as? Double == 20)
        let tensors = outcome.json["tensors"] as? [[String: Any]] ?? []
        #expect(tensors.count == 1 && tensors.first?["max_abs_error"] as? Double == 0.5 && tensors.first?["snr_db"] as? Double == 20)
        #expect(outcome.json["only_in_first"] as? [String] == ["only"] && outcome.json["only_in_second"] as? [String] == ["new"])
    }

    @Test("compare: values that are not finite, and shapes that changed")
    func oddities() throws {
        let folder = try Folder()
        let a = SmallModel.onnx([
            .init(name: "n", dimensions: [2, 2], values: [.nan, .infinity, 1, 2]), .init(name: "s", dimensions: [4], values: [1, 2, 3, 4]),
        ])
        let b = SmallModel.onnx([
            .init(name: "n", dimensions: [2, 2], values: [.nan, 5, 1, 2]), .init(name: "s", dimensions: [2, 2], values: [1, 2, 3, 4]),
        ])
        let outcome = try Tool.run("compare", "--json", try folder.write("x.onnx", a), try folder.write("y.onnx", b))
        #expect(outcome.status == 1 && outcome.json["snr_db"] is NSNull && outcome.json["max_abs_error"] is NSNull)
        #expect(outcome.json["reshaped"] as? [String] == ["s"])
        let human = try Tool.run("compare", folder.path("x.onnx"), folder.path("y.onnx"))
        #expect(human.status == 1 && human.text.contains("1 tensor of another type or shape: s"))
    }

    @Test("verify, alone and against the source")
    func verify() throws {
        let folder = try Self.prepared()
        let alone = try Tool.run("verify", "--json", folder.path("a.tamis"))
        #expect(alone.status == 0 && alone.json["ok"] as? Bool == true)
        #expect(alone.json["decoded_bytes"] as? Int == SmallModel.plain.count)
        let against = try Tool.run("verify", "--json", folder.path("a.tamis"), "--against", folder.path("a.onnx"))
        let other = against.json["against"] as? [String: Any] ?? [:]
        #expect(against.status == 1 && other["is_source"] as? Bool == true && other["identical"] as? Bool == false)
        #expect((other["snr_db"] as? Double ?? 0) > 10)
    }

    @Test("decode, a model and a tensor")
    func decode() throws {
        let folder = try Self.prepared()
        let path = folder.path("b.onnx")
        let inspected = try Tool.run("inspect", "--json", folder.path("a.tamis")).json
        for (options, isVerified) in [([], true), (["--no-verify"], false)] {
            let model = try Tool.run(["decode", folder.path("a.tamis"), "-f", "-o", path, "--json"] + options)
            #expect(model.status == 0 && model.json["input"] as? String == folder.path("a.tamis") && model.json["output"] as? String == path)
            #expect(model.json["bytes"] as? Int == SmallModel.plain.count && model.json["verified"] as? Bool == isVerified)
            let files = model.json["files"] as? [[String: Any]] ?? []
            #expect(files.count == 1 && files.first?["name"] as? String == "a.onnx" && files.first?["bytes"] as? Int == SmallModel.plain.count)
            #expect(files.first?["sha256"] as? String == inspected["decoded_sha256"] as? String)
        }
        let tensor = try Tool.run("decode", folder.path("a.tamis"), "--tensor", "layer.weight", "--json").json
        #expect(tensor["name"] as? String == "layer.weight" && tensor["shape"] as? [Int] == [8, 20])
        #expect(tensor["element_type"] as? String == "float32" && tensor["bytes"] as? Int == 640)
        #expect(tensor["output"] as? String == folder.path("layer.weight.npy"))
    }

    @Test("Names that need escaping come through")
    func escapes() throws {
        let folder = try Folder()
        let name = "a\"b\\c/ü→😀"
        let path = try folder.write("a.onnx", SmallModel.onnx([.init(name: name, dimensions: [4], values: [1, 2, 3, 4])]))
        let tensors = try Tool.run("inspect", "--json", path).json["tensors"] as? [[String: Any]]
        #expect(tensors?.first?["name"] as? String == name)
    }
}
