import Testing

@Suite("Reports for people")
struct ReportTests {
    @Test("encode: one line with both sizes")
    func line() throws {
        let folder = try Folder()
        let path = try folder.write("digits.onnx", try SmallModel.digits())
        let outcome = try Tool.run("encode", path)
        #expect(outcome.text.wholeMatch(of: /digits\.onnx 0\.90 MB → digits\.tamis [0-9.]+ [kM]B, [0-9.]+ times smaller, [0-9.]+ bits\/weight, quality [0-9.]+ dB, SNR [0-9.]+ dB\n/) != nil)
        #expect(outcome.errors == "")
        let verbose = try Tool.run("encode", path, "-f", "-v").text.split(separator: "\n")
        #expect(verbose.filter { $0.contains("float32") }.count == 16 && verbose.last?.hasPrefix("digits.onnx 0.90 MB") == true)
    }

    @Test("With the file on standard output, the line goes to standard error")
    func aside() throws {
        let outcome = try Tool.run("encode", "-", input: SmallModel.plain)
        #expect(outcome.output.prefix(4) == [0xD4, 0x54, 0x4D, 0x53])
        #expect(outcome.errors.hasPrefix("- ") || outcome.errors.hasPrefix("standard input "))
        #expect(!outcome.errors.contains("\u{1B}"))
    }

    @Test("inspect: every tensor, the rest and the total")
    func table() throws {
        let folder = try Folder()
        let path = try folder.write("a.onnx", SmallModel.plain)
        #expect(try Tool.run("encode", path).status == 0)
        for file in ["a.onnx", "a.tamis"] {
            let text = try Tool.run("inspect", folder.path(file)).text
            for name in ["layer.weight", "layer.bias", "sizes", "graph", "total"] { #expect(text.contains("\n\(name)"), "\(name)") }
        }
        #expect(try Tool.run("inspect", folder.path("a.tamis")).text.contains("made by tamis"))
        let verbose = try Tool.run("inspect", "-v", folder.path("a.tamis")).text
        #expect(verbose.contains("sha256") && verbose.contains("tools"))
    }

    @Test("Names cannot steer the terminal")
    func escapes() throws {
        let folder = try Folder()
        let name = "evil\u{202E}name\u{9B}31m"
        let path = try folder.write("a.onnx", SmallModel.onnx([.init(name: name, dimensions: [4], values: [1, 2, 3, 4])]))
        for command in [["inspect", path], ["encode", path, "-v"], ["compare", path, path], ["decode", path + "\u{1B}[31m"]] {
            let outcome = try Tool.run(command)
            for text in [outcome.text, outcome.errors] {
                #expect(!text.unicodeScalars.contains { $0 == "\u{202E}" || $0 == "\u{9B}" || $0 == "\u{1B}" })
            }
        }
    }
}
