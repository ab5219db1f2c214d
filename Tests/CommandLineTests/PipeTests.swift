import Foundation
import Glibc
import Testing

@Suite("decode reads from a pipe while the bytes arrive")
struct PipeTests {
    private static func stream(_ model: [UInt8]) throws -> [UInt8] { try Tool.run("encode", "-", "--exclude", "*", "-q", input: model).output }

    /// Runs `decode - -o out.onnx`, fed by a shell.
    ///
    /// - Parameter feed: commands that write the stream `in.tamis`.
    private static func decode(_ folder: Folder, feed: String, _ more: String = "") throws -> (status: Int32, errors: String, text: String) {
        let script = "cd '\(folder.path)'; { \(feed); } | '\(Tool.path)' decode - -o out.onnx \(more) >text 2>errors"
        let status = Tool.wait(for: try Tool.start(["-c", script], program: "/bin/sh"))
        func text(_ name: String) throws -> String { String(decoding: try folder.read(name), as: UTF8.self) }
        return (status, try text("errors"), try text("text"))
    }

    @Test func wholeAndInPortions() throws {
        for model in [SmallModel.plain, try SmallModel.digits()] {
            let folder = try Folder()
            try folder.write("in.tamis", try Self.stream(model))
            for feed in ["cat in.tamis", "head -c 50 in.tamis; sleep 0.2; tail -c +51 in.tamis", "dd if=in.tamis bs=\(model.count / 100) status=none"] {
                let outcome = try Self.decode(folder, feed: feed, "-f")
                #expect(outcome.status == 0 && outcome.errors == "")
                #expect(try folder.read("out.onnx") == model)
                #expect(outcome.text.hasPrefix("standard input "))
            }
            let outcome = try Self.decode(folder, feed: "cat in.tamis", "-f --json --no-verify")
            let json = (try? JSONSerialization.jsonObject(with: Data(outcome.text.utf8))) as? [String: Any]
            #expect(json?["bytes"] as? Int == model.count && json?["input"] as? String == "-" && json?["verified"] as? Bool == false)
            // Mapped, as it is a file.
            let mapped = try Tool.run("decode", "-", "-o", folder.path("out.onnx"), "-f", "--json", "--no-verify", input: try folder.read("in.tamis"))
            for key in ["name", "bytes", "sha256"] {
                let values = [mapped.json, json ?? [:]].map { ($0["files"] as? [[String: Any]])?.first?[key].map { "\($0)" } }
                #expect(values[0] != nil && values[0] == values[1])
            }
            #expect(folder.names == ["errors", "in.tamis", "out.onnx", "text"])
        }
    }

    @Test func nothingAppearsOnFailure() throws {
        let stream = try Self.stream(SmallModel.plain)
        let folder = try Folder()
        try folder.write("in.tamis", stream)
        var damaged = stream
        damaged[damaged.count - 70] ^= 4
        try folder.write("damaged.tamis", damaged)
        for (feed, status, word) in [
            ("head -c 300 in.tamis", 65, "truncated"), ("cat damaged.tamis", 65, "["), ("true", 65, "not_tamis"), ("cat in.tamis in.tamis", 65, "trailing_bytes"),
        ] as [(String, Int32, String)] {
            let outcome = try Self.decode(folder, feed: feed)
            #expect(outcome.status == status && outcome.errors.contains(word) && outcome.errors.contains("standard input"), "\(feed): \(outcome.errors)")
            #expect(folder.names == ["damaged.tamis", "errors", "in.tamis", "text"])
        }
        // A file that is there is seen before the last byte has come, and stays.
        try folder.write("out.onnx", [1])
        let outcome = try Self.decode(folder, feed: "head -c \(stream.count - 1) in.tamis; sleep 5 & wait")
        #expect(outcome.status == 73)
        #expect(try folder.read("out.onnx") == [1])
        #expect(try Self.decode(folder, feed: "head -c 300 in.tamis", "-f").status == 65)
        #expect(try folder.read("out.onnx") == [1])
        #expect(try Self.decode(folder, feed: "cat in.tamis", "-f -M 100").status == 77)
        #expect(try Self.decode(folder, feed: "cat in.tamis", "-f").status == 0)
        #expect(try folder.read("out.onnx") == SmallModel.plain)
    }

    /// The first bytes of the model are written while the last of the stream are still to come.
    @Test func writesBeforeTheEnd() throws {
        let stream = try Self.stream(try SmallModel.digits())
        let folder = try Folder()
        try folder.write("in.tamis", stream)
        // What is written so far is in the temporary.
        let script = "head -c \(stream.count - 41) in.tamis; sleep 1; ls -A | grep -v -e errors -e text -e in.tamis | head -1 | xargs stat -c %s > size; tail -c 41 in.tamis"
        let outcome = try Self.decode(folder, feed: script)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let size = Int(String(decoding: try folder.read("size"), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(try size == SmallModel.digits().count)
    }
}
