import Tamis
import Testing

@Suite("Models through encode and decode")
struct RoundTripTests {
    @Test("Everything excluded: the same file again", arguments: ["plain", "digits"])
    func isExact(name: String) throws {
        let folder = try Folder()
        let model = name == "digits" ? try SmallModel.digits() : SmallModel.plain
        let path = try folder.write("model.onnx", model)
        let encoded = try Tool.run("encode", path, "--exclude", "*")
        #expect(encoded.status == 0, "\(encoded.errors)")
        #expect(folder.names == ["model.onnx", "model.tamis"])
        #expect(try Tool.run("decode", folder.path("model.tamis"), "-o", folder.path("copy.onnx")).status == 0)
        #expect(try folder.read("copy.onnx") == model)
        let compared = try Tool.run("compare", path, folder.path("model.tamis"))
        #expect(compared.status == 0 && compared.text == "identical, byte for byte\n")
        #expect(try Tool.run("verify", folder.path("model.tamis"), "--against", path).status == 0)
    }

    @Test("Decode gives the stored name in the input's directory, and only with -f over a file")
    func storedName() throws {
        let folder = try Folder()
        let path = try folder.write("net.v2.onnx", SmallModel.plain)
        #expect(try Tool.run("encode", path, "-o", folder.path("other.tamis")).status == 0)
        #expect(try Tool.run("decode", folder.path("other.tamis")).status == 73)
        #expect(try folder.read("net.v2.onnx") == SmallModel.plain)
        // The name is the stream's choice alone.
        let refused = try Tool.run("decode", folder.path("other.tamis"), "--force")
        #expect(refused.status == 73 && refused.errors.contains("give the name with -o"))
        #expect(try folder.read("net.v2.onnx") == SmallModel.plain)
        #expect(try Tool.run("encode", path).status == 0)
        #expect(try Tool.run("decode", folder.path("net.v2.tamis")).status == 73)
        #expect(try Tool.run("decode", folder.path("net.v2.tamis"), "--force").status == 0)
        #expect(try folder.read("net.v2.onnx").count == SmallModel.plain.count)
        #expect(try folder.read("net.v2.onnx") != SmallModel.plain)
    }

    @Test("Stored names that are not those of models give way to the input's", arguments: [
        (".zshenv", "in.onnx"), ("Makefile", "in.onnx"), (".onnx", "in.onnx"), ("-f.onnx", "in.onnx"), ("run.sh", "in.onnx"), ("Net.ONNX", "Net.ONNX"),
    ])
    func unsuitableName(stored: String, made: String) throws {
        let folder = try Folder()
        try folder.write("in.tamis", try Tamis.encode(SmallModel.plain, fileName: stored))
        #expect(try Tool.run("decode", folder.path("in.tamis")).status == 0)
        #expect(folder.names == ["in.tamis", made].sorted())
    }

    @Test("A combining mark after a slash or a dot hides neither")
    func combiningMarks() throws {
        let folder = try Folder()
        let path = try folder.write("\u{301}a.\u{301}onnx", SmallModel.plain)
        #expect(try Tool.run("encode", path).status == 0)
        #expect(folder.names == ["\u{301}a.\u{301}onnx", "\u{301}a.tamis"].sorted())
        #expect(try Tool.run("decode", folder.path("\u{301}a.tamis")).status == 0)
        #expect(folder.names.contains("\u{301}a.onnx"))
    }

    @Test("Pipes in and out")
    func pipes() throws {
        let encoded = try Tool.run("encode", "-", "--exclude", "*", input: SmallModel.plain)
        #expect(encoded.status == 0, "\(encoded.errors)")
        let decoded = try Tool.run("decode", "-", input: encoded.output)
        #expect(decoded.status == 0 && decoded.output == SmallModel.plain)
        #expect(try Tool.run("decode", "-", "-o", "-", "-q", input: encoded.output).errors == "")
        #expect(try Tool.run("inspect", "-", input: encoded.output).status == 0)
        #expect(try Tool.run("verify", "-", input: encoded.output).status == 0)
    }

    @Test("The number of threads does not change a byte")
    func threads() throws {
        let folder = try Folder()
        let path = try folder.write("digits.onnx", try SmallModel.digits())
        var streams: [[UInt8]] = []
        var models: [[UInt8]] = []
        for threads in ["1", "2", "8"] {
            #expect(try Tool.run("encode", path, "-f", "-T", threads).status == 0)
            streams.append(try folder.read("digits.tamis"))
            let decoded = try Tool.run("decode", folder.path("digits.tamis"), "-o", "-", "-T\(threads)")
            models.append(decoded.output)
        }
        #expect(Set(streams).count == 1)
        #expect(Set(models).count == 1 && models[0].count > 800_000)
    }

    @Test("--no-verify gives the same bytes")
    func withoutVerification() throws {
        let folder = try Folder()
        let path = try folder.write("a.onnx", SmallModel.plain)
        #expect(try Tool.run("encode", path).status == 0)
        let plain = try Tool.run("decode", folder.path("a.tamis"), "-o", "-")
        let quick = try Tool.run("decode", folder.path("a.tamis"), "-o", "-", "--no-verify")
        #expect(plain.output == quick.output && !plain.output.isEmpty)
    }

    @Test("--dry-run says the size and writes nothing")
    func dryRun() throws {
        let folder = try Folder()
        let path = try folder.write("a.onnx", SmallModel.plain)
        let dry = try Tool.run("encode", path, "--dry-run", "--json")
        #expect(folder.names == ["a.onnx"])
        #expect(try Tool.run("encode", path).status == 0)
        #expect(dry.json["file_bytes"] as? Int == (try folder.read("a.tamis").count))
        let said = try Tool.run("encode", path, "--dry-run")
        #expect(said.text.contains("a.tamis") && said.text.contains("nothing written"))
    }

    @Test("Quality and step decide how close and how small")
    func fineness() throws {
        let folder = try Folder()
        let path = try folder.write("digits.onnx", try SmallModel.digits())
        var decibels: [Double] = []
        var sizes: [Int] = []
        for options in [["--quality", "10"], ["--quality", "25"], ["--step", "0.0001"]] {
            let encoded = try Tool.run(["encode", path, "-f", "--json"] + options)
            sizes.append(encoded.json["file_bytes"] as? Int ?? 0)
            let compared = try Tool.run("compare", path, folder.path("digits.tamis"), "--json")
            #expect(compared.status == 1)
            decibels.append(compared.json["snr_db"] as? Double ?? 0)
        }
        #expect(sizes == sizes.sorted() && sizes[0] > 0)
        #expect(decibels == decibels.sorted() && decibels[0] > 5)
    }

    @Test("The options are kept in the file in one form")
    func provenance() throws {
        let folder = try Folder()
        let path = try folder.write("a.onnx", SmallModel.plain)
        let cases: [([String], String)] = [
            ([], "--effort 5 --quality 15"),
            (["-T", "1", "--quality=20.50"], "--effort 5 --quality 20.5"),
            (["--deadzone", ".25", "--step", "1e-2", "--effort=2"], "--effort 2 --step 0.01 --quantizer deadzone,delta=0.25"),
            (["--exclude", "it's*", "--exclude", "layer.*", "-q"], "--effort 5 --quality 15 --exclude 'it'\\''s*' --exclude 'layer.*'"),
        ]
        for (options, expected) in cases {
            #expect(try Tool.run(["encode", path, "-f"] + options).status == 0)
            #expect(try Tool.run("inspect", "--json", folder.path("a.tamis")).json["options"] as? String == expected)
        }
    }

    @Test("The stored name: control characters and backslashes replaced, nothing else")
    func nameInTheStream() throws {
        let folder = try Folder()
        for (name, stored) in [
            ("a\u{1}\\\u{7F}\u{9F}b.onnx", "a____b.onnx"), ("\u{202E}ü\u{10FFFD}😀.onnx", "\u{202E}ü\u{10FFFD}😀.onnx"), ("a\\\u{301}.onnx", "a_\u{301}.onnx"),
        ] {
            #expect(try Tool.run("encode", try folder.write(name, SmallModel.plain), "-f", "-o", folder.path("out.tamis")).status == 0)
            let names = try TamisFile(bytes: try folder.read("out.tamis")).fileNames
            #expect(names.count == 1 && names.allSatisfy { $0.utf8.elementsEqual(stored.utf8) }, "\(names)")
        }
    }

    @Test("An exclusion that matches nothing is a warning")
    func idleExclusion() throws {
        let folder = try Folder()
        let path = try folder.write("a.onnx", SmallModel.plain)
        let idle = try Tool.run("encode", path, "--exclude", "head.*", "--exclude", "layer.*")
        #expect(idle.status == 0)
        #expect(idle.errors == "tamis: warning: --exclude 'head.*' matches no tensor; 'tamis inspect' lists the names\n")
        let excluded = try Tool.run("encode", path, "-f", "-v", "--exclude", "layer.b*")
        #expect(excluded.errors == "" && excluded.text.contains("excluded by 'layer.b*'"))
    }
}
