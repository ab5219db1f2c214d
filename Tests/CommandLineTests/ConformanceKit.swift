import Foundation
import TamisDigest

/// A conformance kit of a few files, in a folder of its own.
struct ConformanceKit {
    let folder: Folder
    private(set) var vectors: [[String: Any]] = []
    private(set) var sources: [[String: Any]] = []

    init() throws { folder = try Folder() }

    /// Three sound streams and four that are not, as our own decoder sees them.
    static func small() throws -> ConformanceKit {
        var kit = try ConformanceKit()
        let path = try kit.folder.write("model.onnx", SmallModel.plain)
        try kit.add(source: "model", "model.onnx", SmallModel.plain)
        for (id, options) in [("plain", ["--step", "0.1"]), ("lossless", ["--lossless"]), ("coarse", ["--step", "0.5", "--quantizer", "midtread"])] {
            let output = kit.folder.path("\(id).tamis")
            _ = try Tool.run(["encode", path, "-q", "-o", output] + options)
            try kit.add(id, try kit.folder.read("\(id).tamis"), group: "valid")
        }
        let stream = try kit.folder.read("plain.tamis")
        var damaged = stream
        damaged[stream.count / 2] ^= 1
        for (id, bytes) in [("empty", []), ("cut", Array(stream.dropLast())), ("appended", stream + [1]), ("damaged", damaged)] as [(String, [UInt8])] {
            try kit.add(id, bytes, group: "invalid")
        }
        try kit.write()
        return kit
    }

    /// Adds a stream, with what our own decoder says of it.
    mutating func add(_ id: String, _ bytes: [UInt8], group: String) throws {
        let path = try folder.write("\(id).tamis", bytes)
        let answer = try Tool.run("conformance", "testee", path)
        var vector: [String: Any] = ["id": id, "file": "\(id).tamis", "group": group, "sha256": Self.digest(bytes), "level": 1, "about": "", "covers": [String]()]
        if answer.status == 0 {
            vector["expectation"] = "decodes"
            vector.merge(answer.json) { own, _ in own }
        } else {
            vector["expectation"] = "refused"
            var error = answer.json["error"] as? [String: Any] ?? [:]
            error["family"] = [65: "malformed", 69: "unsupported", 77: "limit"][answer.status] ?? ""
            vector["error"] = error
        }
        vectors.append(vector)
    }

    mutating func add(source id: String, _ file: String, _ bytes: [UInt8]) throws {
        sources.append(["id": id, "file": file, "sha256": Self.digest(bytes), "about": ""])
    }

    mutating func change(_ id: String, _ change: (inout [String: Any]) -> Void) {
        for place in vectors.indices where vectors[place]["id"] as? String == id { change(&vectors[place]) }
    }

    func write() throws {
        let manifest: [String: Any] = ["format_version": 1, "vectors": vectors, "sources": sources]
        try folder.write("manifest.json", Array(try JSONSerialization.data(withJSONObject: manifest)))
    }

    var manifest: String { folder.path("manifest.json") }

    /// Runs `tamis conformance decoder` with a shell's command, which has the path of the stream in `$1`.
    func decode(_ script: String, _ options: String...) throws -> Tool.Outcome {
        try folder.write("decoder.sh", Array(script.utf8))
        return try Tool.run(["conformance", "decoder", "--manifest", manifest, "--command", "sh '\(folder.path("decoder.sh"))' {input}"] + options)
    }

    /// Runs `tamis conformance encoder` with a shell's command, which has the paths of model and stream in `$1` and `$2`.
    func encode(_ script: String, _ options: String...) throws -> Tool.Outcome {
        try folder.write("encoder.sh", Array(script.utf8))
        return try Tool.run(["conformance", "encoder", "--manifest", manifest, "--command", "sh '\(folder.path("encoder.sh"))' {input} {output}"] + options)
    }

    private static func digest(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { Hexadecimal.text(SHA256.of($0)) } }
}
