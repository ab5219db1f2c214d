import Foundation
import Tamis
import TamisTestSupport
import Testing

@Suite("conformance encoder")
struct ConformanceEncoderTests {
    private static let ourselves = "exec '\(Tool.path)' encode \"$1\" -q -o \"$2\""

    private static func model(_ outcome: Tool.Outcome) -> [String: Any] { (outcome.json["models"] as? [[String: Any]])?.first ?? [:] }

    @Test("Our own encoder passes, at any quality", arguments: [[], ["--lossless"], ["--step", "0.3", "--quantizer", "midtread"], ["--effort", "1"], ["--quantizer", "half"]])
    func ourEncoder(options: [String]) throws {
        let kit = try ConformanceKit.small()
        let outcome = try kit.encode(Self.ourselves + " " + options.joined(separator: " "), "--json")
        let model = Self.model(outcome)
        #expect(outcome.status == 0 && model["verdict"] as? String == "pass", "\(model["found"] ?? "")")
        for key in ["source_bytes", "stream_bytes", "ratio", "bits_per_weight", "level", "tensors", "changed", "seconds", "peak_bytes"] { #expect(model[key] != nil, "\(key)") }
        #expect((model["changed"] as? Int == 0) == (options == ["--lossless"]))
    }

    @Test("Models that are named, and the table of sizes")
    func models() throws {
        let kit = try ConformanceKit.small()
        let outcome = try Tool.run("conformance", "encoder", "--command", "'\(Tool.path)' encode {input} -o {output}", kit.folder.path("model.onnx"))
        #expect(outcome.status == 0 && outcome.text.hasPrefix("model ") && outcome.text.contains("\nmodel.onnx ") && outcome.text.contains("1 run: 1 pass"))
        // The folder of the output is gone.
        #expect(kit.folder.names == (try ConformanceKit.small()).folder.names)
    }

    @Test("The plain encoder in Python passes with all models of the kit", .enabled(if: Python.path != nil, Comment(rawValue: Python.missing)))
    func plainEncoder() throws {
        let script = Python.repository.appendingPathComponent("Conformance/reference/encode.py").path
        let outcome = try Tool.run(
            "conformance", "encoder", "--manifest", ConformanceDecoderTests.manifest, "--command", "'\(Python.path ?? "")' '\(script)' {input} {output}", "--timeout", "120")
        #expect(outcome.status == 0, "\(outcome.text)")
    }

    @Test("What is wrong with an encoder is told", arguments: [
        ("exit 3", "encoder-failed"), ("true", "encoder-failed"), ("echo no >&2; kill -ABRT $$", "crash"), ("sleep 60", "timeout"),
        ("cp \"$1\" \"$2\"", "invalid-stream"), ("mkdir \"$2\"", "encoder-failed"),
    ])
    func faults(script: String, verdict: String) throws {
        let kit = try ConformanceKit.small()
        let outcome = try kit.encode(script, "--json", "--timeout", "5")
        #expect(outcome.status == 1 && Self.model(outcome)["verdict"] as? String == verdict)
        let waived = try kit.encode(script, "--timeout", "5", "--waivers", try kit.folder.write("w", Array("model \(verdict) # known".utf8)))
        #expect(waived.status == 0 && waived.text.contains("1 run: 1 waived"))
    }

    /// A stream of the model, changed by `change`, as the output of an encoder.
    private static func verdict(_ options: [String] = [], _ change: (inout StreamParts) throws -> Void) throws -> (verdict: String, found: String) {
        let kit = try ConformanceKit.small()
        let made = kit.folder.path("made.tamis")
        #expect(try Tool.run(["encode", kit.folder.path("model.onnx"), "-q", "-o", made] + options).status == 0)
        var parts = StreamParts(try kit.folder.read("made.tamis"))
        try change(&parts)
        try kit.folder.write("made.tamis", try parts.stream())
        let model = model(try kit.encode("cp '\(made)' \"$2\"", "--json"))
        return (model["verdict"] as? String ?? "", model["found"] as? String ?? "")
    }

    @Test("Another weight error, another source")
    func statements() throws {
        #expect(try Self.verdict { _ in } == ("pass", ""))
        let error = try Self.verdict(["--step", "0.1"]) { parts in
            // group_unit: group_digest, group_weight_error.
            let unit = try #require(parts.units.firstIndex { $0.type == 6 })
            parts.units[unit].payload[10] ^= 0x20
        }
        #expect(error.verdict == "wrong-weight-error" && error.found.contains("the unit of 'layer.weight' and "), "\(error)")
        let source = try Self.verdict { parts in parts.units[1].payload[parts.units[1].payload.count - 1] ^= 1 }
        #expect(source.verdict == "wrong-source" && source.found.hasPrefix("source_sha256 of 'model.onnx' is "), "\(source)")
    }

    @Test("A stream of another model")
    func otherModels() throws {
        let kit = try ConformanceKit.small()
        let values = SmallModel.values(160, seed: 1)
        func encoded(_ tensors: [SmallModel.Tensor], _ name: String) throws -> String {
            let path = try kit.folder.write("\(name).onnx", SmallModel.onnx(tensors))
            let output = kit.folder.path("\(name).tamis")
            #expect(try Tool.run("encode", path, "-q", "--lossless", "-o", output).status == 0)
            // The stream says that it is of the kit's model.
            var parts = StreamParts(try kit.folder.read("\(name).tamis"))
            let right = StreamParts(try kit.folder.read("lossless.tamis"))
            parts.units[1] = right.units[1]
            try kit.folder.write("\(name).tamis", try parts.stream())
            return output
        }
        let bias = SmallModel.Tensor(name: "layer.bias", dimensions: [100], values: SmallModel.values(100, seed: 2))
        let sizes = SmallModel.Tensor(name: "sizes", dimensions: [4], values: [1, 2, 3, 4])
        for (name, weight, verdict) in [
            ("renamed", SmallModel.Tensor(name: "layer.Weight", dimensions: [8, 20], values: values), "wrong-tensors"),
            ("reshaped", SmallModel.Tensor(name: "layer.weight", dimensions: [20, 8], values: values), "wrong-tensors"),
            ("changed", SmallModel.Tensor(name: "layer.weight", dimensions: [8, 20], values: [9] + values.dropFirst()), "wrong-weight-error"),
        ] {
            let model = Self.model(try kit.encode("cp '\(try encoded([weight, bias, sizes], name))' \"$2\"", "--json"))
            #expect(model["verdict"] as? String == verdict, "\(name): \(model)")
        }
    }
}
