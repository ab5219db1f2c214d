import Foundation
import Testing

@Suite("Exit codes")
struct ExitCodeTests {
    /// A folder with `a.onnx`, and `a.tamis` made from it.
    private static func prepared() throws -> Folder {
        let folder = try Folder()
        try folder.write("a.onnx", SmallModel.plain)
        let encoded = try Tool.run("encode", folder.path("a.onnx"), "-q")
        #expect(encoded.status == 0 && encoded.errors == "" && encoded.text == "")
        return folder
    }

    @Test("64: options that contradict each other or make no sense", arguments: [
        ["encode", "a.onnx", "--quality", "15", "--step", "0.1"],
        ["encode", "a.onnx", "-q", "-v"],
        ["encode", "a.onnx", "--deadzone", "1.01"],
        ["encode", "a.onnx", "--deadzone", "-0.1"],
        ["encode", "a.onnx", "--deadzone", "nan"],
        ["encode", "a.onnx", "--quality", "121"],
        ["encode", "a.onnx", "--quality", "good"],
        ["encode", "a.onnx", "--step", "0"],
        ["encode", "a.onnx", "--step", "inf"],
        ["encode", "a.onnx", "-f", "--step", "1e-40"],
        ["encode", "a.onnx", "-f", "--snr", "30", "--target-size", "1M"],
        ["encode", "a.onnx", "-f", "--bits-per-weight", "2", "--quality", "15"],
        ["encode", "a.onnx", "-f", "--bits-per-weight", "0.001"],
        ["encode", "a.onnx", "-f", "--bits-per-weight", "41"],
        ["encode", "a.onnx", "-f", "--snr", "-10.5"],
        ["encode", "a.onnx", "-f", "--snr", "nan"],
        ["encode", "a.onnx", "-f", "--target-size", "0"],
        ["encode", "a.onnx", "-f", "--target-size", "1.5"],
        ["encode", "a.onnx", "-f", "--target-size", "small"],
        ["encode", "a.onnx", "-f", "--effort", "0"],
        ["encode", "a.onnx", "-f", "--effort", "10"],
        ["encode", "a.onnx", "-f", "--allocation", "fair"],
        ["encode", "a.onnx", "-f", "--quantizer", "trelis"],
        ["encode", "a.onnx", "-f", "--quantizer", "trellis,states=12"],
        ["encode", "a.onnx", "-f", "--quantizer", "half", "--deadzone", "0.6"],
        ["encode", "a.onnx", "-f", "--prune", "0.5"],
        ["encode", "a.onnx", "-f", "--prune", "keep=5:4"],
        ["encode", "-", "-f", "-o", "a.tamis", "--recipe", "-"],
        ["encode", "a.onnx", "-f", "--recipe", "-", "--sensitivity", "-"],
        ["encode", "a.onnx", "--dry-run", "-o", "b.tamis"],
        ["encode", "a.onnx", "--dry-run", "-f"],
        ["encode", "a.onnx", "--json", "-o", "-"],
        ["encode", "a.onnx", "--json", "-v"],
        ["encode", "a.onnx", "--json", "-q"],
        ["encode", "-", "--json"],
        ["encode", "a.onnx", "--exclude", ""],
        ["encode", "a.onnx", "--exclude", "a\u{85}"],
        ["encode", "a.onnx", "-f", "--exclude", String(repeating: "x", count: 60_000)],
        ["encode", "a.onnx", "-T", "-1"],
        ["encode", "a.onnx", "-T", "2000"],
        ["encode", "a.onnx", "--best"],
        ["encode", "a.onnx", "b.onnx"],
        ["encode"],
        ["decode", "a.tamis", "--json", "-o", "-"],
        ["decode", "-", "--json"],
        ["decode", "a.tamis", "--json", "-q"],
        ["inspect", "a.tamis", "-q", "-v"],
        ["compare", "a.onnx", "a.tamis", "--json", "-v"],
        ["decode", "a.tamis", "-M", "many"],
        ["decode", "a.tamis", "-M", "99999999999999999999G"],
        ["decode", "a.tamis", "--tensor", "sizes", "--no-verify"],
        ["decode", "a.tamis", "--tensor", "no.such"],
        ["decode", "a.tamis", "-f", "-o", "a.tamis"],
        ["encode", "a.onnx", "-f", "-o", "a.onnx"],
        ["inspect", "a.tamis", "--json", "-v"],
        ["verify", "-", "--against", "-"],
        ["compare", "-", "-"],
        ["compare", "a.onnx"],
        ["transmogrify"],
    ])
    func usage(words: [String]) throws {
        let folder = try Self.prepared()
        let before = try folder.names.map { ($0, try folder.read($0)) }
        let outcome = try Tool.run(words.map { $0.hasSuffix(".onnx") || $0.hasSuffix(".tamis") ? folder.path($0) : $0 })
        #expect(outcome.status == 64)
        #expect(outcome.errors.hasPrefix("tamis: error: ") && outcome.output.isEmpty)
        #expect(folder.names == before.map(\.0))
        for (name, bytes) in before { #expect(try folder.read(name) == bytes) }
    }

    @Test("65: bytes that are no model", arguments: [
        ("empty", [], "empty"),
        ("text", Array("This is not a model, it is a letter.".utf8), "a text file"),
        ("jpeg", [0xFF, 0xD8, 0xFF, 0xE0] + [UInt8](repeating: 7, count: 500), "JPEG"),
    ] as [(String, [UInt8], String)])
    func notONNX(name: String, bytes: [UInt8], word: String) throws {
        let folder = try Folder()
        let path = try folder.write("\(name).onnx", bytes)
        for command in [["encode", path], ["inspect", path], ["compare", path, path]] {
            let outcome = try Tool.run(command)
            #expect(outcome.status == 65)
            #expect(outcome.errors.hasPrefix("tamis: error: \(path), byte ") && outcome.errors.contains(word))
            #expect(outcome.errors.contains("[invalid_model]"))
        }
        let outcome = try Tool.run("decode", path)
        #expect(outcome.status == 65 && outcome.errors.contains("[not_tamis]"))
        #expect(folder.names == ["\(name).onnx"])
    }

    @Test("65: truncated streams and bytes after the end")
    func damaged() throws {
        let folder = try Self.prepared()
        let stream = try folder.read("a.tamis")
        for (bytes, code) in [
            (Array(stream.dropLast()), "truncated"), (stream + [0], "trailing_bytes"), (Array(stream.prefix(5)), "truncated"),
        ] {
            let path = try folder.write("bad.tamis", bytes)
            let outcome = try Tool.run("decode", path, "-o", folder.path("b.onnx"))
            #expect(outcome.status == 65 && outcome.errors.contains("[\(code)]"), "\(outcome.errors)")
            #expect(!folder.exists("b.onnx"))
        }
    }

    @Test("65: a stream is not encoded again")
    func alreadyEncoded() throws {
        let folder = try Self.prepared()
        let outcome = try Tool.run("encode", folder.path("a.tamis"), "-o", folder.path("b.tamis"))
        #expect(outcome.status == 65 && outcome.errors.contains("already") && !folder.exists("b.tamis"))
    }

    @Test("A reader that has seen enough of a report is no failure; one that leaves a model behind is")
    func brokenPipe() throws {
        let folder = try Self.prepared()
        for (command, status) in [("inspect", "0"), ("decode -o -", "74")] {
            let process = try Tool.start(
                ["-c", "(sleep 0.1; '\(Tool.path)' \(command) '\(folder.path("a.tamis"))'; echo $? > '\(folder.path("status"))') | true"], program: "/bin/sh")
            #expect(Tool.wait(for: process) == 0)
            #expect(String(decoding: try folder.read("status"), as: UTF8.self) == status + "\n")
        }
    }

    @Test("66: no input", arguments: ["encode", "decode", "inspect", "verify", "compare"])
    func noInput(command: String) throws {
        let folder = try Folder()
        for path in [folder.path("none"), folder.path] {
            let outcome = try Tool.run([command, path] + (command == "compare" ? [path] : []))
            #expect(outcome.status == 66)
            #expect(outcome.errors.hasPrefix("tamis: error: \(path): ") && outcome.errors.contains("[no_input]"))
        }
        #expect(folder.names == [])
    }

    @Test("69: a later version of the format, and another profile")
    func unsupported() throws {
        let folder = try Self.prepared()
        let stream = try folder.read("a.tamis")
        let later = try folder.write("later.tamis", Stream.changingStart(of: stream) { $0[0] = 99 })
        let other = try folder.write("other.tamis", Stream.changingStart(of: stream) { $0[2] = 3 })
        for (path, code) in [(later, "unknown_version"), (other, "unknown_profile")] {
            for command in ["decode", "inspect", "verify"] {
                let outcome = try Tool.run(command, path)
                #expect(outcome.status == 69 && outcome.errors.contains("[\(code)]"))
            }
        }
    }

    @Test("73: the output exists, or cannot be created")
    func cannotCreate() throws {
        let folder = try Self.prepared()
        let old = try folder.write("old.tamis", Array("old".utf8))
        let exists = try Tool.run("encode", folder.path("a.onnx"), "-o", old)
        #expect(exists.status == 73 && exists.errors.contains("[output_exists]") && exists.errors.contains("use -f"))
        #expect(try folder.read("old.tamis") == Array("old".utf8))
        try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: folder.path("old.tamis"))
        for output in [folder.path("none/b.tamis"), folder.path, "/proc/b.tamis", folder.path("link"), "/dev/null", ""] {
            let outcome = try Tool.run("encode", folder.path("a.onnx"), "-f", "-o", output)
            #expect(outcome.status == 73 && outcome.errors.contains("[cannot_create]"), "\(output): \(outcome.errors)")
        }
        #expect(folder.names == ["a.onnx", "a.tamis", "link", "old.tamis"])
    }

    @Test("74: writing fails")
    func inputOutput() throws {
        let folder = try Self.prepared()
        for command in [["decode", folder.path("a.tamis"), "-o", "-"], ["inspect", folder.path("a.onnx")], ["--help"]] {
            let outcome = try Tool.run(command, output: "/dev/full")
            #expect(outcome.status == 74 && outcome.errors.contains("[input_output]"))
        }
    }

    @Test("77: more than -M allows; exactly as much is well")
    func limit() throws {
        let folder = try Self.prepared()
        let size = SmallModel.plain.count
        for limit in ["\(size - 1)", "1", "0K"] {
            let outcome = try Tool.run("decode", folder.path("a.tamis"), "-M", limit, "-o", folder.path("b.onnx"))
            #expect(outcome.status == 77 && outcome.errors.contains("[limit_exceeded]") && outcome.errors.contains("--memory"))
            #expect(try Tool.run("verify", folder.path("a.tamis"), "--memory", limit).status == 77)
            #expect(!folder.exists("b.onnx"))
        }
        for limit in ["\(size)", "1M", "1MiB", "7g"] {
            #expect(try Tool.run("decode", folder.path("a.tamis"), "-M\(limit)", "-f", "-o", folder.path("b.onnx")).status == 0)
        }
    }

    @Test("1: a difference, and only that")
    func difference() throws {
        let folder = try Self.prepared()
        let (model, stream) = (folder.path("a.onnx"), folder.path("a.tamis"))
        #expect(try Tool.run("compare", model, stream).status == 1)
        let quiet = try Tool.run("compare", model, stream, "-q")
        #expect(quiet.status == 1 && quiet.output.isEmpty && quiet.errors.isEmpty)
        #expect(try Tool.run("compare", stream, stream).status == 0)
        #expect(try Tool.run("compare", model, model).status == 0)
        #expect(try Tool.run("verify", stream, "--against", model).status == 1)
        #expect(try Tool.run("verify", stream, "--against", stream).status == 0)
        #expect(try Tool.run("verify", stream).status == 0)
    }
}
