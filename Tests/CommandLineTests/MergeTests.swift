import Foundation
import TamisTestSupport
import Testing

@Suite("Shards on the command line")
struct MergeTests {
    /// A folder with the demo's model, the stream of all of it, and its shards `s1` …, made with `options`.
    private static func prepared(_ count: Int, _ options: [String]) throws -> Folder {
        let folder = try Folder()
        let model = try folder.write("digits.onnx", SmallModel.digits())
        #expect(try Tool.run(["encode", model, "-q", "-o", folder.path("whole")] + options).status == 0)
        for number in 1...count {
            let made = try Tool.run(["encode", model, "-q", "-o", folder.path("s\(number)"), "--shard", "\(number)/\(count)"] + options)
            #expect(made.status == 0 && made.errors == "", "\(made.errors)")
        }
        return folder
    }

    private static func paths(_ folder: Folder, _ numbers: [Int]) -> [String] { numbers.map { folder.path("s\($0)") } }

    @Test("Merged in any order, they are the file encoded at once", arguments: [
        (2, ["--effort", "2"]), (3, ["--lossless"]), (7, ["--step", "0.02", "--effort", "1"]), (12, ["--snr", "20", "--effort", "1"]),
        (3, ["--quality", "12", "--effort", "3", "--exclude", "*bias*", "--quantizer", "mu-law,levels=32", "--prune", "keep=2:4"]),
    ] as [(Int, [String])])
    func merge(count: Int, options: [String]) throws {
        let folder = try Self.prepared(count, options)
        let merged = try Tool.run(["merge", "-o", folder.path("merged")] + Self.paths(folder, (1...count).reversed()))
        #expect(merged.status == 0 && merged.errors == "" && merged.text.hasSuffix(", from \(count) shards\n"), "\(merged.errors)")
        #expect(try folder.read("merged") == folder.read("whole"))
        let piped = try Tool.run(["merge", "-", "-o", "-", "-q"] + Self.paths(folder, Array(2...count)), input: try folder.read("s1"))
        #expect(try piped.status == 0 && piped.output == folder.read("whole"), "\(piped.errors)")
    }

    @Test("A model in safetensors, and one whose options come from a recipe")
    func otherInputs() throws {
        let folder = try Folder()
        let tensors = (1...5).map { Safetensors.Tensor("t\($0)", [20 * $0, 33], floats: SmallModel.values(660 * $0, seed: UInt64($0))) }
        let model = try folder.write("m.safetensors", Safetensors.file(tensors))
        let recipe = try folder.write("r.yaml", Array("quality: 18\neffort: 2\ntensors:\n  - match: t2\n    quantizer: half\n".utf8))
        #expect(try Tool.run("encode", model, "--recipe", recipe, "-q", "-o", folder.path("whole")).status == 0)
        for number in 1...3 { #expect(try Tool.run("encode", model, "--recipe", recipe, "--shard", "\(number)/3", "-q").status == 0) }
        #expect(folder.names.filter { $0.contains("shard") } == (1...3).map { "m.shard-\($0)-of-3.tamis" })
        let merged = try Tool.run(["merge", "-q", "-o", folder.path("merged")] + (1...3).map { folder.path("m.shard-\($0)-of-3.tamis") })
        #expect(try merged.status == 0 && folder.read("merged") == folder.read("whole"), "\(merged.errors)")
        // The target of a recipe is held to the same.
        try folder.write("r.yaml", Array("target_size: 5000\n".utf8))
        let refused = try Tool.run("encode", model, "--recipe", recipe, "--shard", "1/3", "-f")
        #expect(refused.status != 0 && refused.errors.contains("whole stream"), "\(refused.errors)")
    }

    @Test("Reports for programs: encode, merge, inspect and verify")
    func reports() throws {
        let folder = try Self.prepared(3, ["--effort", "1"])
        let inspected = try Tool.run("inspect", "--json", folder.path("s2")).json
        #expect(inspected["shard"] as? [String: Int] == ["number": 2, "count": 3] && inspected["decoded_sha256"] is NSNull)
        let encoded = try Tool.run("encode", folder.path("digits.onnx"), "--effort", "1", "--shard", "2/3", "--json", "-f", "-o", folder.path("s2")).json
        for (key, value) in inspected { #expect(encoded[key] as? NSObject == value as? NSObject, "\(key)") }
        #expect(encoded["quality_db"] is NSNull)
        let verified = try Tool.run("verify", "--json", folder.path("s2")).json
        #expect(verified["ok"] as? Bool == true && verified["shard"] as? [String: Int] == ["number": 2, "count": 3])
        #expect(verified["tensor_count"] as? Int == (inspected["tensors"] as? [Any])?.count)
        let merged = try Tool.run(["merge", "--json", "-o", folder.path("merged")] + Self.paths(folder, [1, 2, 3])).json
        #expect((merged["inputs"] as? [String])?.count == 3 && merged["output"] as? String == folder.path("merged") && merged["shard"] is NSNull)
        #expect(merged["decoded_sha256"] as? String == (try Tool.run("verify", "--json", folder.path("whole")).json["decoded_sha256"] as? String))
        #expect(try Tool.run("inspect", folder.path("s2")).text.contains("only shard 2 of 3 of the model: 'tamis merge'"))
        #expect(try Tool.run("verify", folder.path("s2")).text.contains("only shard 2 of 3 of the model"))
    }

    @Test("What needs a whole model refuses a shard, and says what to do")
    func refusals() throws {
        let folder = try Self.prepared(2, ["--effort", "1"])
        for words in [["decode"], ["decode", "--tensor", "x"], ["verify", "--against", folder.path("whole")], ["compare", folder.path("whole")]] {
            let outcome = try Tool.run(words + [folder.path("s1")] + (words == ["decode"] ? ["-o", folder.path("out.onnx")] : []))
            #expect(outcome.status == 69 && outcome.errors.contains("shard 1 of 2") && outcome.errors.contains("tamis merge"), "\(outcome.errors)")
        }
        #expect(!folder.exists("out.onnx"))
    }

    @Test("Sets that do not make a model leave no file", arguments: [
        (["s1", "s3"], 64, "1 shard lacks: 2"), (["s1", "s2", "s2", "s3"], 64, "so is"), (["s1", "whole", "s3"], 64, "whole model"),
        (["s1", "other", "s3"], 64, "other options"), (["s1", "damaged", "s3"], 65, "damaged"), (["s1", "digits.onnx", "s3"], 65, "not_tamis"),
        (["s1", "nothing", "s3"], 66, "nothing"),
    ] as [([String], Int32, String)])
    func wrong(names: [String], status: Int32, words: String) throws {
        let folder = try Self.prepared(3, ["--effort", "1"])
        #expect(try Tool.run("encode", folder.path("digits.onnx"), "--effort", "2", "--shard", "2/3", "-q", "-o", folder.path("other")).status == 0)
        var damaged = try folder.read("s2")
        damaged[damaged.count / 2] ^= 0x10
        try folder.write("damaged", damaged)
        let outcome = try Tool.run(["merge", "-o", folder.path("merged")] + names.map { folder.path($0) })
        #expect(outcome.status == status && outcome.errors.contains(words), "\(outcome.errors)")
        #expect(!folder.exists("merged"))
    }

    @Test("An output that exists is replaced only if asked; a shard is none")
    func output() throws {
        let folder = try Self.prepared(2, ["--effort", "1"])
        try folder.write("merged", [1])
        let paths = Self.paths(folder, [1, 2])
        #expect(try Tool.run(["merge", "-q", "-o", folder.path("merged")] + paths).status == 73)
        #expect(try Tool.run(["merge", "-q", "-f", "-o", folder.path("merged")] + paths).status == 0)
        #expect(try folder.read("merged") == folder.read("whole"))
        #expect(try Tool.run(["merge", "-q", "-f", "-o", paths[0]] + paths).status == 64)
    }

    @Test("64: shards that make no sense", arguments: [
        ["--shard", "0/4"], ["--shard", "5/4"], ["--shard", "1"], ["--shard", "1/70000"], ["--shard", "a/b"], ["--shard", "-1/4"], ["--shard", "1/2/3"],
        ["--shard", "1/4", "--target-size", "50K"], ["--shard", "1/4", "--bits-per-weight", "3"],
    ])
    func usage(words: [String]) throws {
        let folder = try Folder()
        let outcome = try Tool.run(["encode", try folder.write("a.onnx", SmallModel.plain)] + words)
        #expect(outcome.status == 64 && outcome.errors.contains("--shard") && folder.names == ["a.onnx"], "\(outcome.errors)")
        #expect(try Tool.run("merge", folder.path("a.onnx")).status == 64)
        #expect(try Tool.run("merge", "-", "-", "-o", folder.path("b")).status == 64)
    }
}
