import Glibc
import TamisTestSupport
import Testing

@Suite("Outputs that are interrupted", .serialized)
struct DurabilityTests {
    private static let old = Array("the old file".utf8)
    /// A model of 8 MB, and a stream of it; decoding takes a few hundred milliseconds.
    private static let large = Result {
        let new = SmallModel.onnx([.init(name: "w", dimensions: [1 << 10, 1 << 11], values: [Float](repeating: 0.25, count: 1 << 21))])
        return (model: new, stream: try Tool.run("encode", "-", "--exclude", "*", input: new).output)
    }

    /// A folder with `in.tamis` and the old `out.onnx`.
    private static func prepared() throws -> Folder {
        let folder = try Folder()
        try folder.write("in.tamis", try large.get().stream)
        try folder.write("out.onnx", old)
        return folder
    }

    @Test("kill -9 leaves the old file or the new one; the next run tidies up")
    func kill() throws {
        let folder = try Self.prepared()
        let old = Self.old
        let new = try Self.large.get().model
        let command = ["decode", folder.path("in.tamis"), "-f", "-o", folder.path("out.onnx")]
        let began = Self.now
        #expect(try Tool.run(command).status == 0)
        let duration = Self.now - began
        var generator = SplitMix64(seed: 5)
        var found = (old: 0, new: 0, killed: 0)
        for number in 0..<20 {
            try folder.write("out.onnx", old)
            let process = try Tool.start(command)
            usleep(UInt32(Double.random(in: 0...1.1, using: &generator) * duration * 1e6))
            Glibc.kill(process, SIGKILL)
            if Tool.wait(for: process) == -SIGKILL { found.killed += 1 }
            let left = try folder.read("out.onnx")
            if left == old { found.old += 1 } else if left == new { found.new += 1 } else { Issue.record("kill \(number): \(left.count) bytes") }
        }
        #expect(found.old + found.new == 20 && found.killed > 0)
        #expect(try Tool.run(command).status == 0)
        #expect(folder.names == ["in.tamis", "out.onnx"])
    }

    @Test("Signals remove the temporary, keep the old file and end the process", arguments: [SIGINT, SIGTERM, SIGHUP])
    func signals(number: Int32) throws {
        let folder = try Self.prepared()
        let process = try Tool.start(["decode", folder.path("in.tamis"), "-f", "-o", folder.path("out.onnx")])
        let deadline = Self.now + 10
        while !folder.names.contains(where: { $0.hasSuffix(".tmp") }) && Self.now < deadline { usleep(500) }
        Glibc.kill(process, number)
        #expect(Tool.wait(for: process) == -number)
        #expect(folder.names == ["in.tamis", "out.onnx"])
        #expect(try folder.read("out.onnx") == Self.old)
    }

    @Test("Where there is no room, the old file stays and nothing is left beside it")
    func noRoom() throws {
        let folder = try Self.prepared()
        let process = try Tool.start(
            ["-c", "ulimit -f 64; '\(Tool.path)' decode '\(folder.path("in.tamis"))' -f -o '\(folder.path("out.onnx"))'"], program: "/bin/sh",
            errors: folder.path("errors"))
        #expect(Tool.wait(for: process) == 74)
        #expect(String(decoding: try folder.read("errors"), as: UTF8.self).contains("out.onnx: cannot write"))
        #expect(folder.names == ["errors", "in.tamis", "out.onnx"])
        #expect(try folder.read("out.onnx") == Self.old)
    }

    @Test("Where memory is short, that is a limit reached and not the end by a signal", arguments: [
        "decode in.tamis -o out.onnx", "decode in.tamis -o -", "verify in.tamis", "compare in.tamis in.tamis",
    ])
    func noMemory(command: String) throws {
        let folder = try Folder()
        // 64 MiB, of which hardly anything is left in the stream.
        let model = SmallModel.onnx([.init(name: "w", dimensions: [1 << 13, 1 << 11])])
        try folder.write("in.tamis", try Tool.run("encode", "-", "--exclude", "*", input: model).output)
        let process = try Tool.start(
            ["-c", "cd '\(folder.path)'; ulimit -v 131072; '\(Tool.path)' \(command) -T 1"], program: "/bin/sh", errors: folder.path("errors"))
        #expect(Tool.wait(for: process) == 77)
        #expect(String(decoding: try folder.read("errors"), as: UTF8.self).contains("there is no memory for"))
        #expect(folder.names == ["errors", "in.tamis"])
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
