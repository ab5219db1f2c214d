import Foundation
import TamisTestSupport
import Testing

@Suite("What was done to each tensor is kept in the file and told")
struct TreatmentTests {
    private static func marker(_ bytes: [UInt8]) -> Bool { String(decoding: bytes, as: UTF8.self).contains("# feedback: ") }

    private static func tensors(_ json: [String: Any]) throws -> [[String: Any]] { try #require(json["tensors"] as? [[String: Any]]) }

    @Test("A network with convolutions: synthetic feedback, by tensor and counted, in JSON and in the table")
    func synthetic() throws {
        let folder = try Folder()
        let path = try folder.write("digits.onnx", try SmallModel.digits())
        let encoded = try Tool.run("encode", path, "--json")
        #expect(encoded.status == 0, "\(encoded.errors)")
        #expect(Self.marker(try folder.read("digits.tamis")))
        let json = try Tool.run("inspect", "--json", folder.path("digits.tamis")).json
        #expect(json["options"] as? String == "--effort 5 --quality 15")
        let tensors = try Self.tensors(json)
        #expect(tensors.allSatisfy { $0["bias_corrected"] as? Bool == false })
        let kernels = tensors.filter { ($0["shape"] as? [Int])?.count == 4 && $0["mode"] as? String == "index" }
        #expect(!kernels.isEmpty && kernels.contains { $0["feedback"] as? String == "synthetic" })
        for tensor in tensors where (tensor["shape"] as? [Int]).map({ $0.count < 2 }) == true || tensor["exact"] as? Bool == true {
            #expect(tensor["feedback"] as? String == "none", "\(tensor)")
        }
        let count = tensors.count { $0["feedback"] as? String == "synthetic" }
        for report in [json, encoded.json] {
            #expect(report["treatments"] as? [String: Int] == ["synthetic_feedback": count, "measured_feedback": 0, "bias_corrected": 0])
        }
        for options in [["inspect", folder.path("digits.tamis")], ["encode", path, "--dry-run", "-v"]] {
            let text = try Tool.run(options).text
            let marked = text.split(separator: "\n").count { $0.contains(#/  (uniform|trellis \d+)\*? s  /#) }
            #expect(marked == count, "\(text)")
            #expect(text.contains("\ns errors hidden from the layer's outputs") && text.contains("; \(count) tensor"))
            #expect(!text.contains("# feedback") && !text.contains("\nm ") && !text.contains("\nc "))
        }
    }

    @Test("Without feedback the file says nothing, and the report that it is not known")
    func none() throws {
        let folder = try Folder()
        let path = try folder.write("digits.onnx", try SmallModel.digits())
        #expect(try Tool.run("encode", path, "--feedback", "none").status == 0)
        #expect(!Self.marker(try folder.read("digits.tamis")))
        let outcome = try Tool.run("inspect", "--json", folder.path("digits.tamis"))
        #expect(outcome.json["options"] as? String == "--effort 5 --quality 15 --feedback none" && outcome.json["treatments"] is NSNull)
        #expect(try Self.tensors(outcome.json).allSatisfy { $0["feedback"] is NSNull && $0["bias_corrected"] is NSNull })
        #expect(try !Tool.run("inspect", folder.path("digits.tamis")).text.contains("errors hidden"))
    }

    @Test("Statistics: measured feedback, and a bias that takes up errors")
    func measured() throws {
        func tensor(_ name: String, _ shape: [Int], seed: UInt64) -> [UInt8] {
            let values = SmallModel.values(shape.reduce(1, *), seed: seed)
            return ONNX.tensor(name, dims: shape.map(Int64.init), .raw(Safetensors.Tensor("", shape, floats: values).bytes))
        }
        let model = ONNX.model(
            ONNX.graph(
                nodes: [
                    ONNX.node("Conv", inputs: ["x", "first", "bias"], outputs: ["y"]), ONNX.node("Conv", inputs: ["y", "second", "offset"], outputs: ["z"]),
                ],
                initializers: [
                    tensor("bias", [16], seed: 1), tensor("first", [16, 3, 3, 3], seed: 2), tensor("offset", [80], seed: 3), tensor("second", [80, 16, 3, 3], seed: 4),
                ],
                inputs: ["x"], outputs: ["z"]))
        var identity = [Float](repeating: 0, count: 27 * 27)
        for place in 0..<27 { identity[28 * place] = 1 }
        let statistics = Safetensors.file(
            metadata: Safetensors.statisticsMetadata,
            [
                Safetensors.Tensor("first/factor", [27, 27], floats: identity),
                Safetensors.Tensor("first/mean", [1, 27], floats: [Float](repeating: 0.5, count: 27)),
            ])
        let folder = try Folder()
        let path = try folder.write("a.onnx", model)
        let encoded = try Tool.run("encode", path, "--statistics", try folder.write("s", statistics), "--json")
        #expect(encoded.status == 0, "\(encoded.errors)")
        let inspected = try Tool.run("inspect", "--json", folder.path("a.tamis")).json
        for json in [encoded.json, inspected] {
            let tensors = try Self.tensors(json)
            #expect(tensors.map { $0["name"] as? String } == ["bias", "first", "offset", "second"])
            #expect(tensors.map { $0["feedback"] as? String } == ["none", "measured", "none", "synthetic"])
            #expect(tensors.map { $0["bias_corrected"] as? Bool } == [true, false, false, false])
            #expect(json["treatments"] as? [String: Int] == ["synthetic_feedback": 1, "measured_feedback": 1, "bias_corrected": 1])
            #expect((json["options"] as? String)?.contains("#") == false)
        }
        let text = try Tool.run("inspect", folder.path("a.tamis")).text
        #expect(text.contains(/\nbias .*  exact\* c  .*\n/) && text.contains(/\nfirst .* m  .*\n/) && text.contains(/\nsecond .* s  .*\n/), "\(text)")
        #expect(text.contains("\nm errors hidden") && text.contains("\ns errors hidden") && text.contains("\nc bias that takes up"))
        #expect(String(decoding: try folder.read("a.tamis"), as: UTF8.self).contains("# feedback: synthetic 3; measured 1; corrected 0"))
    }
}
