import Foundation
import Testing

@Suite("conformance stream and testee")
struct ConformanceStreamTests {
    @Test("testee answers in one line, with the protocol's exit codes")
    func testee() throws {
        let kit = try ConformanceKit.small()
        let answer = try Tool.run("conformance", "testee", kit.folder.path("plain.tamis"))
        #expect(answer.status == 0 && answer.errors == "" && answer.text.hasPrefix("{\"files\":[{\"name\":\"model.onnx\",\"bytes\":") && answer.text.count { $0 == "\n" } == 1)
        let tensors = answer.json["tensors"] as? [[String: Any]] ?? []
        #expect(tensors.map { $0["name"] as? String } == ["layer.weight", "layer.bias", "sizes"] && tensors.map { $0["shape"] as? [Int] } == [[8, 20], [100], [4]])
        let refused = try Tool.run("conformance", "testee", kit.folder.path("empty.tamis"))
        #expect(refused.status == 65 && refused.text == "{\"error\":{\"code\":\"not_tamis\",\"unit\":null,\"element\":\"signature\"}}\n")
        #expect(refused.errors.hasPrefix("tamis: error: \(kit.folder.path("empty.tamis")): signature, byte 0: the file is empty [not_tamis, Spec §3.1]"))
        let limit = try Tool.run("conformance", "testee", "-M", "100", kit.folder.path("plain.tamis"))
        #expect(limit.status == 77 && limit.text.contains("\"limit_exceeded\""))
        #expect(try Tool.run("conformance", "testee", kit.folder.path("none")).status == 66)
        let piped = try Tool.run("conformance", "testee", "-", input: try kit.folder.read("plain.tamis"))
        #expect(piped.text == answer.text)
    }

    @Test("The first violation is explained, with the section")
    func violation() throws {
        let kit = try ConformanceKit.small()
        let sound = try Tool.run("conformance", "stream", kit.folder.path("plain.tamis"))
        #expect(sound.status == 0 && sound.text.hasPrefix("\(kit.folder.path("plain.tamis")): valid, level 1, ") && sound.text.contains(" 3 tensors, 1 file ("))
        let outcome = try Tool.run("conformance", "stream", kit.folder.path("cut.tamis"))
        #expect(outcome.status == 65 && outcome.text.contains(": malformed: unit ") && outcome.text.hasSuffix("[truncated, Spec §3.2]\n"))
        #expect(try Tool.run("conformance", "stream", "-q", kit.folder.path("plain.tamis"), kit.folder.path("cut.tamis")).text == "")
        #expect(try Tool.run("conformance", "stream", kit.folder.path("plain.tamis"), kit.folder.path("none")).status == 66)
        #expect(try Tool.run("conformance", "stream", "-q", "--json", kit.folder.path("plain.tamis")).status == 64)
        #expect(try Tool.run("conformance", "stream").status == 64)
    }

    @Test("The trace of a stream, element by element")
    func trace() throws {
        let kit = try ConformanceKit.small()
        let outcome = try Tool.run("conformance", "stream", "--trace", kit.folder.path("plain.tamis"))
        #expect(outcome.status == 0)
        let lines = outcome.text.split(separator: "\n").map(String.init)
        #expect(lines.first == "stream" && lines[1] == "         0  d4544d530d0a1a0a   stream.signature: 8 bytes" && lines[2] == "unit 0: start_unit")
        #expect(lines.contains("         8  01                 unit_header.unit_type (u8) = 1"))
        #expect(lines.contains { $0.contains("b 0573697a6573       tensor_entry.tensor_name (text) = \"sizes\"") })
        #expect(lines.contains { $0.contains("group_unit.codeword: ") } && lines.count { $0.contains("group_entry.entry_tensor_index (uv) = ") } == 3)
        #expect(lines.last?.contains(": valid, level ") == true)
        let damaged = try Tool.run("conformance", "stream", "--trace", kit.folder.path("damaged.tamis"))
        #expect(damaged.status == 65 && damaged.text.contains("unit_header.header_crc (u32) = ") && damaged.text.hasSuffix("[payload_checksum, Spec §3.2]\n"))
    }

    @Test("The repository's kit: every vector has its verdict, and a trace")
    func kit() throws {
        let manifest = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: ConformanceDecoderTests.manifest))) as? [String: Any] ?? [:]
        let vectors = manifest["vectors"] as? [[String: Any]] ?? []
        #expect(vectors.count > 200)
        let folder = URL(filePath: ConformanceDecoderTests.manifest).deletingLastPathComponent()
        let paths = vectors.map { folder.appending(path: $0["file"] as? String ?? "").path }
        let outcome = try Tool.run(["conformance", "stream", "--json", "--trace"] + paths)
        #expect(outcome.status == 65)
        let objects = outcome.text.split(separator: "\n").map { (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any] ?? [:] }
        #expect(objects.count == vectors.count)
        for (vector, object) in zip(vectors, objects) {
            let expected = (vector["error"] as? [String: Any])?["code"] as? String
            let found = (object["error"] as? [String: Any])?["code"] as? String
            if vector["expectation"] as? String != "decodes_or_unsupported" { #expect(found == expected, "\(vector["id"] ?? "")") }
            #expect((object["trace"] as? [Any])?.isEmpty == false)
        }
    }

    @Test("JSON: a line a stream, in the order given")
    func json() throws {
        let kit = try ConformanceKit.small()
        let ids = ["plain", "cut", "lossless", "empty"]
        let outcome = try Tool.run(["conformance", "stream", "--json", "--trace", "-T", "3"] + ids.map { kit.folder.path("\($0).tamis") })
        #expect(outcome.status == 65)
        let objects = outcome.text.split(separator: "\n").map { (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any] ?? [:] }
        #expect(objects.map { $0["file"] as? String } == ids.map { kit.folder.path("\($0).tamis") })
        #expect(objects.map { $0["verdict"] as? String } == ["valid", "refused", "valid", "refused"])
        let error = objects[1]["error"] as? [String: Any] ?? [:]
        #expect(Set(error.keys) == ["code", "family", "unit", "element", "offset", "section", "message"] && error["section"] as? String == "§3.2")
        let trace = objects[0]["trace"] as? [[String: Any]] ?? []
        #expect(trace.count > 60 && trace.allSatisfy { Set($0.keys).isSuperset(of: ["unit", "structure", "element", "descriptor", "offset", "bytes", "value"]) })
        let step = trace.first { $0["element"] as? String == "step" }
        #expect(step?["value"] as? Double == 0.1 && step?["descriptor"] as? String == "f32" && step?["bytes"] as? Int == 4)
        let answer = try Tool.run("conformance", "testee", kit.folder.path("plain.tamis"))
        for key in ["files", "tensors"] { #expect(objects[0][key] as? NSArray == answer.json[key] as? NSArray) }
    }

    @Test("Thousands of small streams take one process, and no time to speak of")
    func many() throws {
        let kit = try ConformanceKit.small()
        let names = ["plain", "cut", "lossless", "damaged"].map { kit.folder.path("\($0).tamis") }
        let start = ContinuousClock.now
        let outcome = try Tool.run(["conformance", "stream", "--json"] + (0..<500).flatMap { _ in names })
        #expect(outcome.text.count { $0 == "\n" } == 2000)
        #expect(ContinuousClock.now - start < .seconds(60))
    }
}
