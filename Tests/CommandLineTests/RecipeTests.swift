import Testing

@Suite("Recipes and sensitivities")
struct RecipeTests {
    /// A folder with `a.onnx`.
    private static func prepared() throws -> Folder {
        let folder = try Folder()
        try folder.write("a.onnx", SmallModel.plain)
        return folder
    }

    private static func options(_ folder: Folder) throws -> String? {
        try Tool.run("inspect", "--json", folder.path("a.tamis")).json["options"] as? String
    }

    @Test("A recipe is kept in the file; words of the command line override it, exclusions add up")
    func recipe() throws {
        let folder = try Self.prepared()
        let recipe = try folder.write("r.yaml", Array("""
            effort: 3
            quality: 12
            exclude: ["layer.b*"]
            tensors:
              - match: "layer.*"
                quantizer: {name: deadzone, delta: 0.5}
            """.utf8))
        let rules = #"--recipe '{"tensors":[{"match":"layer.*","quantizer":"midtread"}]}'"#
        let encoded = try Tool.run("encode", folder.path("a.onnx"), "--recipe", recipe, "-v")
        // 160 weights may miss a quality by more than 1 %, which is a warning.
        #expect(encoded.status == 0 && !encoded.errors.contains("matches no tensor") && encoded.text.contains("excluded by 'layer.b*'"), "\(encoded.errors)")
        #expect(try Self.options(folder) == "--effort 3 --quality 12 --exclude 'layer.b*' \(rules)")
        let overridden = try Tool.run("encode", folder.path("a.onnx"), "-f", "--recipe", recipe, "--step", "0.1", "--exclude", "layer.w*", "--effort", "1")
        #expect(overridden.status == 0 && overridden.errors == "", "\(overridden.errors)")
        #expect(try Self.options(folder) == "--effort 1 --step 0.1 --exclude 'layer.b*' --exclude 'layer.w*' \(rules)")
        let piped = try Tool.run("encode", folder.path("a.onnx"), "-f", "--recipe", "-", input: Array("{\"effort\": 2}".utf8))
        #expect(piped.status == 0)
        #expect(try Self.options(folder) == "--effort 2 --quality 15")
    }

    @Test("What a recipe gets wrong is told with file, line and key, and nothing is written", arguments: [
        ("quality: 15\nqualty: 3", 65, "line 2: has the unknown key 'qualty', expected one of effort, quality", "did you mean 'quality'?"),
        ("quality: 15\nsnr: 3", 65, "line 2, snr: contradicts 'quality' on line 1", "leave one"),
        ("tensors:\n- match: 'a'\n  quantizer: trellis,states=9", 65, "line 3, tensors[0].quantizer.states: is 9, expected 8, 16", "[invalid_recipe]"),
        ("exclude: [*.bias]", 65, "line 1: is not YAML", "quotation marks"),
        ("", 65, "line 1: is empty", "known keys"),
        ("long", 77, "holds more than 1048576 bytes", "[limit_exceeded]"),
    ])
    func wrongRecipes(text: String, status: Int32, words: String, advice: String) throws {
        let folder = try Self.prepared()
        let recipe = try folder.write("r.yaml", text == "long" ? [UInt8](repeating: UInt8(ascii: "#"), count: 1 << 20 + 1) : Array(text.utf8))
        let outcome = try Tool.run("encode", folder.path("a.onnx"), "--recipe", recipe)
        #expect(outcome.status == status && outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("tamis: error: \(recipe)") && outcome.errors.contains(words) && outcome.errors.contains(advice), "\(outcome.errors)")
        #expect(folder.names == ["a.onnx", "r.yaml"])
    }

    @Test("Sensitivities are kept in the file; names that match nothing are a warning")
    func sensitivities() throws {
        let folder = try Self.prepared()
        let table = try folder.write("s.json", Array("{\"layer.weight\": 4, \"x\": 1, \"v\": 1, \"z\": 1, \"y\": 2}".utf8))
        let encoded = try Tool.run("encode", folder.path("a.onnx"), "--sensitivity", table)
        #expect(encoded.status == 0)
        #expect(encoded.errors == "tamis: warning: \(table): 4 of 5 names match no tensor: 'v', 'x', 'y', …; 'tamis inspect' lists the names\n")
        #expect(try Self.options(folder) == #"--effort 5 --quality 15 --sensitivity '{"layer.weight":4,"v":1,"x":1,"y":2,"z":1}'"#)
    }

    @Test("What a table gets wrong is told with file, line and name, and nothing is written", arguments: [
        ("{\"layer.weight\": 4,\n \"layer.bias\": 0}", 65, "line 2, 'layer.bias': is 0, expected a positive number"),
        ("layer.weight: 4", 65, "line 1: has 'l', expected {"),
        ("{\"a\": 1, \"a\": 2}", 65, "'a': is given a second time"),
    ])
    func wrongTables(text: String, status: Int32, words: String) throws {
        let folder = try Self.prepared()
        let table = try folder.write("s.json", Array(text.utf8))
        let outcome = try Tool.run("encode", folder.path("a.onnx"), "--sensitivity", table)
        #expect(outcome.status == status && outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("tamis: error: \(table), ") && outcome.errors.contains(words), "\(outcome.errors)")
        #expect(folder.names == ["a.onnx", "s.json"])
    }

    @Test("66: files that are not there")
    func missing() throws {
        let folder = try Self.prepared()
        for word in ["--recipe", "--sensitivity"] {
            for path in [folder.path("none"), folder.path] {
                let outcome = try Tool.run("encode", folder.path("a.onnx"), word, path)
                #expect(outcome.status == 66 && outcome.errors.hasPrefix("tamis: error: \(path): ") && outcome.errors.contains("[no_input]"))
            }
        }
        #expect(folder.names == ["a.onnx"])
    }

    @Test("Neither is replaced by the output")
    func outputOverInput() throws {
        let folder = try Self.prepared()
        for (word, text) in [("--recipe", "effort: 3"), ("--sensitivity", "{}")] {
            let path = try folder.write("input", Array(text.utf8))
            let outcome = try Tool.run("encode", folder.path("a.onnx"), word, path, "-f", "-o", path)
            #expect(outcome.status == 64)
            #expect(try folder.read("input") == Array(text.utf8))
        }
    }

    @Test("Patterns of a recipe that match nothing are a warning that names it")
    func idlePatterns() throws {
        let folder = try Self.prepared()
        let recipe = try folder.write("r.yaml", Array("exclude: [head]\ntensors: [{match: tail, weight: 2}]".utf8))
        let outcome = try Tool.run("encode", folder.path("a.onnx"), "--recipe", recipe, "--exclude", "neck")
        #expect(outcome.status == 0)
        #expect(
            outcome.errors == ["\(recipe): exclude 'head'", "--exclude 'neck'", "\(recipe): match 'tail'"]
                .map { "tamis: warning: \($0) matches no tensor; 'tamis inspect' lists the names\n" }.joined())
        #expect(try Tool.run("encode", folder.path("a.onnx"), "--recipe", recipe, "-f", "-q").errors == "")
    }

    @Test("Sizes may have letters and fractions, and every target is kept as it was understood", arguments: [
        (["--target-size", "1.5M"], "--target-size 1572864"), (["--target-size=600K"], "--target-size 614400"), (["--target-size", "2MiB"], "--target-size 2097152"),
        (["--snr", "-3"], "--snr -3"), (["--bits-per-weight", "20.50"], "--bits-per-weight 20.5"),
        (["--quantizer", "affine,bits=8", "--prune", "rows=.1", "--allocation", "global"], "--quality 15 --allocation global --quantizer affine,bits=8,calibration=minmax --prune rows=0.1"),
        (["--feedback", "none"], "--quality 15 --feedback none"), (["--feedback", "synthetic"], "--quality 15 --feedback synthetic"),
    ])
    func words(words: [String], expected: String) throws {
        let folder = try Self.prepared()
        let outcome = try Tool.run(["encode", folder.path("a.onnx"), "--dry-run", "--json"] + words)
        #expect(outcome.json["options"] as? String == "--effort 5 \(expected)", "\(outcome.errors)")
    }
}
