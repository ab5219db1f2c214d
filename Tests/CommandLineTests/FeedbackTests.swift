import Foundation
import TamisTestSupport
import Testing

@Suite("Feedback and statistics of the demo, from end to end")
struct FeedbackTests {
    /// The demo's model and statistics of its layers' inputs.
    private static let demo = Result { () throws -> Folder in
        struct ScriptFailed: Error { let words: String }
        let folder = try Folder()
        let model = try folder.write("digits.onnx", try SmallModel.digits())
        let inputs = try Python.run("Demo/dataset.py", [folder.path("inputs.npz")])
        if inputs.status != 0 { throw ScriptFailed(words: inputs.errors) }
        let made = try Python.run("Tests/Scripts/digits_statistics.py", [model, folder.path("inputs.npz"), folder.path("statistics")])
        if made.status != 0 { throw ScriptFailed(words: made.errors) }
        return folder
    }

    private static func file(_ name: String) throws -> String { try demo.get().path(name) }

    /// Encodes and decodes the demo.
    /// - Returns: size of the stream, and the error of its layers' outputs, against the outputs.
    private static func errors(_ options: [String], in folder: Folder) throws -> (bytes: Int, output: Double) {
        let model = try file("digits.onnx")
        let encoded = try Tool.run(["encode", model, "-f", "-o", folder.path("a.tamis"), "--json"] + options)
        #expect(encoded.status == 0 && encoded.errors == "", "\(encoded.errors)")
        let decoded = try Tool.run("decode", folder.path("a.tamis"), "-f", "-o", folder.path("a.onnx"))
        #expect(decoded.status == 0, "\(decoded.errors)")
        let compared = try Tool.run("compare", model, folder.path("a.onnx"), "--statistics", try file("statistics"), "--json")
        #expect(compared.status == 1, "\(compared.errors)")
        // The stream stands for the model that it decodes to.
        let stream = try Tool.run("compare", model, folder.path("a.tamis"), "--statistics", try file("statistics"), "--json")
        #expect(stream.json["output_error"] as? Double == compared.json["output_error"] as? Double)
        #expect(try Tool.run("verify", folder.path("a.tamis")).status == 0)
        return (try folder.read("a.tamis").count, try #require(compared.json["output_error"] as? Double))
    }

    @Test("At equal size, measured inputs leave less of the errors at the outputs than none, and synthetic ones less than no feedback",
        .enabled(if: Python.path != nil, Comment(rawValue: Python.missing)), arguments: ["2", "4"])
    func outputsKeep(effort: String) throws {
        let folder = try Folder()
        let plain = try Self.errors(["--effort", effort, "--feedback", "none"], in: folder)
        let size = ["--effort", effort, "--target-size", "\(plain.bytes)"]
        let synthetic = try Self.errors(size, in: folder)
        let measured = try Self.errors(size + ["--statistics", try Self.file("statistics")], in: folder)
        for (name, other) in [("synthetic", synthetic), ("measured", measured)] {
            #expect(other.bytes <= plain.bytes && Double(other.bytes) > 0.99 * Double(plain.bytes), "\(name): \(other.bytes) of \(plain.bytes) bytes")
        }
        #expect(synthetic.output < 0.95 * plain.output, "\(synthetic.output), without feedback \(plain.output)")
        #expect(measured.output < 0.7 * plain.output, "\(measured.output), without feedback \(plain.output)")
    }

    @Test("The same bytes on any number of threads, with synthetic and with measured inputs",
        .enabled(if: Python.path != nil, Comment(rawValue: Python.missing)))
    func threads() throws {
        let folder = try Folder()
        let model = try Self.file("digits.onnx")
        var streams: Set<[UInt8]> = []
        for options in [[], ["--statistics", try Self.file("statistics")]] {
            let count = streams.count
            for threads in ["1", "2", "4"] {
                #expect(try Tool.run(["encode", model, "-f", "-o", folder.path("a"), "--effort", "2", "-T", threads] + options).status == 0)
                streams.insert(try folder.read("a"))
            }
            #expect(streams.count == count + 1)
        }
    }

    // MARK: damage

    /// Statistics of the demo's last layer whose factor is the identity.
    private static func statistics(_ change: (inout [Float]) -> Void = { _ in }) -> [UInt8] {
        var factor = (0..<(400 * 400)).map { Float($0 / 400 == $0 % 400 ? 1 : 0) }
        change(&factor)
        return Safetensors.file(metadata: Safetensors.statisticsMetadata, [Safetensors.Tensor("fc2.weight/factor", [400, 400], floats: factor)])
    }

    private static let damaged: [([UInt8], String)] = [
        (statistics { $0[5 * 400 + 9] = .nan }, "'fc2.weight/factor': has nan in row 5, column 9"),
        (statistics { $0[399 * 400 + 399] = .infinity }, "'fc2.weight/factor': has inf in row 399, column 399"),
        (statistics { $0[7 * 400 + 7] = 0 }, "'fc2.weight/factor': is not of a positive definite matrix"),
        (statistics { $0[9 * 400 + 5] = 1 }, "'fc2.weight/factor'"),
        (Array(statistics().dropLast(4)), "beyond the end of the file"), (statistics() + [0], "statistics"),
        (Array(statistics().prefix(100)), "statistics"), ([UInt8](repeating: 0x20, count: 4096), "statistics"),
    ]

    @Test("Damaged statistics are refused before anything is written, and an output that is there stays", arguments: damaged.indices)
    func damagedStatistics(number: Int) throws {
        let (bytes, words) = Self.damaged[number]
        let folder = try Folder()
        let model = try folder.write("digits.onnx", try SmallModel.digits())
        let path = try folder.write("statistics", bytes)
        let output = try folder.write("out.tamis", [1, 2, 3])
        for options in [["-f", "-o", output], ["-f", "-o", output, "--effort", "1"], ["--dry-run"]] {
            let outcome = try Tool.run(["encode", model, "--statistics", path] + options)
            #expect(outcome.status == 65 || outcome.status == 77, "\(outcome.status): \(outcome.errors)")
            #expect(outcome.errors.hasPrefix("tamis: error: \(path)") && outcome.errors.contains(words), "\(outcome.errors)")
            #expect(try folder.read("out.tamis") == [1, 2, 3] && outcome.output.isEmpty)
        }
        #expect(folder.names == ["digits.onnx", "out.tamis", "statistics"])
    }

    @Test("The same file undamaged is taken")
    func undamaged() throws {
        let folder = try Folder()
        let model = try folder.write("digits.onnx", try SmallModel.digits())
        let output = try folder.write("out.tamis", [1, 2, 3])
        let outcome = try Tool.run("encode", model, "-f", "-o", output, "--statistics", try folder.write("statistics", Self.statistics()))
        #expect(outcome.status == 0 && outcome.errors == "", "\(outcome.errors)")
        #expect(try folder.read("out.tamis").count > 10_000)
    }
}
