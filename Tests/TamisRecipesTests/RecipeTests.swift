import TamisBits
import TamisEncoder
import TamisRecipes
import TamisYAML
import Testing

@Suite("Recipes")
struct RecipeTests {
    private static func recipe(_ text: String) throws(TamisError) -> Recipe { try Recipe(Array(text.utf8), file: "r.yaml") }

    private static let example = """
        # The whole of it.
        effort: 7
        quality: 15            # or bits_per_weight / target_size / snr / step
        allocation: global
        quantizer: trellis
        prune: {sigma: 0.3}
        feedback: none
        exclude: ["head.*", 'tail']
        tensors:
          - match: "*.bias"
            quantizer: exact
          - match: conv1*
            quantizer: {name: affine, bits: 8, calibration: mse}
            prune: {keep: "2:4"}
            weight: 4
          - match: 123
            step: 0.01
        """

    private static var expected: Recipe {
        var recipe = Recipe()
        recipe.effort = 7
        recipe.target = .quality(decibels: 15)
        recipe.allocation = .global
        recipe.quantizer = .trellis(states: 64)
        recipe.pruning = .deviations(0.3)
        recipe.feedback = FeedbackChoice.none
        recipe.exclusions = ["head.*", "tail"]
        recipe.rules = [
            TensorRule(pattern: "*.bias", settings: TensorSettings(quantizer: .exact)),
            TensorRule(
                pattern: "conv1*",
                settings: TensorSettings(quantizer: .affine(bits: 8, calibration: .meanSquaredError), pruning: .pattern(kept: 2, group: 4), weight: 4)),
            TensorRule(pattern: "123", settings: TensorSettings(step: 0.01)),
        ]
        return recipe
    }

    @Test("Every key, as YAML and as JSON")
    func everything() throws {
        #expect(try Self.recipe(Self.example) == Self.expected)
        #expect(try Self.recipe(Self.example.replacing("\n", with: "\r\n")) == Self.expected)
        let json = """
            {"effort": 7, "quality": 15.0, "allocation": "global", "quantizer": {"name": "trellis", "states": 64}, "prune": "sigma=0.3", "feedback": "none",
             "exclude": ["head.*", "tail"], "tensors": [{"match": "*.bias", "quantizer": "exact"},
               {"match": "conv1*", "quantizer": "affine,bits=8,calibration=mse", "prune": {"keep": "2:4"}, "weight": 4},
               {"match": "123", "step": 1e-2}]}
            """
        #expect(try Self.recipe(json) == Self.expected)
        #expect(try Self.recipe("{}") == Recipe())
    }

    @Test("Every target", arguments: [
        ("quality: -20", .quality(decibels: -20)), ("bits_per_weight: 2.5", .bitsPerWeight(2.5)), ("target_size: 600K", .size(bytes: 614_400)),
        ("target_size: 5000", .size(bytes: 5000)), ("target_size: \"1.5MiB\"", .size(bytes: 1_572_864)), ("snr: 30", .snr(decibels: 30)), ("step: 1e-2", .step(0.01)),
    ] as [(String, EncodingOptions.Target)])
    func targets(text: String, target: EncodingOptions.Target) throws { #expect(try Self.recipe(text).target == target) }

    @Test("A pattern of weights needs no quotation marks")
    func pattern() throws {
        for text in ["prune: {keep: 2:4}", "prune:\n  keep: 2:4", "prune: keep=2:4"] { #expect(try Self.recipe(text).pruning == .pattern(kept: 2, group: 4)) }
    }

    @Test("What is not understood is refused, with line, key and what was expected", arguments: [
        ("", 1, nil, "is empty"),
        ("# nothing\n", 1, nil, "is empty"),
        ("---\n", 2, nil, "is empty, expected a mapping"),
        ("trellis", 1, nil, "expected a mapping"),
        ("- 1", 1, nil, "is a list, expected a mapping"),
        ("effort: 3\nqualty: 15", 2, nil, "unknown key 'qualty', expected one of effort, quality, bits_per_weight"),
        ("effort: 3\neffort: 4", 1, nil, "the key 'effort' more than once"),
        ("\"effort\": 3\neffort: 4", 1, nil, "more than once"),
        ("quality: 15\n\nsnr: 30", 3, "snr", "contradicts 'quality' on line 1"),
        ("effort: 0", 1, "effort", "is 0, expected a whole number from 1 to 9"),
        ("effort: 5.5", 1, "effort", "is 5.5"),
        ("effort: \"5\"", 1, "effort", "is the text \"5\""),
        ("effort:", 1, "effort", "is empty"),
        ("quality: 121", 1, "quality", "is 121, expected -20 to 120 decibels"),
        ("quality: .inf", 1, "quality", "is .inf, expected a number"),
        ("quality: 0x10", 1, "quality", "expected a number"),
        ("quality: 1_0", 1, "quality", "expected a number"),
        ("quality: [15]", 1, "quality", "is a list, expected a number"),
        ("quality: '15'", 1, "quality", "is the text \"15\", expected a number"),
        ("bits_per_weight: 0.001", 1, "bits_per_weight", "expected 0.01 to 40"),
        ("snr: 151", 1, "snr", "expected -10 to 150"),
        ("step: 0", 1, "step", "a positive number"),
        ("step: 1e-35", 1, "step", "2^-100"),
        ("target_size: 0", 1, "target_size", "is 0"),
        ("target_size: many", 1, "target_size", "is many, expected a number of bytes"),
        ("allocation: balance", 1, "allocation", "expected balanced or global"),
        ("feedback: off", 1, "feedback", "is 'off', expected none or synthetic"),
        ("feedback: [none]", 1, "feedback", "is a list, expected none or synthetic"),
        ("quantizer: trelis", 1, "quantizer", "unknown name 'trelis'"),
        ("quantizer: null", 1, "quantizer", "is null"),
        ("quantizer: {states: 8}", 1, "quantizer", "has no key 'name'"),
        ("quantizer:\n  name: trellis\n  states: 12", 3, "quantizer.states", "expected 8, 16"),
        ("quantizer:\n  name: trellis\n  bits: 12", 3, "quantizer.bits", "is unknown, expected states"),
        ("quantizer: {name: affine, bits: \"8\"}", 1, "quantizer.bits", "is the text \"8\""),
        ("quantizer: {name: affine, bits: [8]}", 1, "quantizer.bits", "is a list"),
        ("prune: 0.5", 1, "prune", "expected key=value"),
        ("prune: {}", 1, "prune", "is empty"),
        ("prune: {sigma: 1, rows: 1}", 1, "prune", "sigma and rows"),
        ("prune:\n  sigma: -1", 2, "prune.sigma", "at least 0"),
        ("exclude: head", 1, "exclude", "expected a list"),
        ("exclude:\n- a\n- [b]", 3, "exclude[1]", "expected a pattern"),
        ("exclude: [\"a\\n\"]", 1, "exclude[0]", "control character"),
        ("exclude: ['']", 1, "exclude[0]", "is empty"),
        ("exclude: [*.bias]", 1, nil, "while scanning an alias"),
        ("exclude: [ *bias ]", 1, nil, "has an alias"),
        ("tensors: {match: a}", 1, "tensors", "is a mapping, expected a list"),
        ("tensors:\n- a", 2, "tensors[0]", "is a, expected a mapping"),
        ("tensors:\n- quantizer: half", 2, "tensors[0]", "has no key 'match'"),
        ("tensors:\n- match: a", 2, "tensors[0]", "says nothing"),
        ("tensors:\n- match: true\n  step: 1", 2, "tensors[0].match", "is true"),
        ("tensors:\n- match: a\n  effort: 1", 3, "tensors[0]", "unknown key 'effort', expected one of match, quantizer, prune, weight, step"),
        ("tensors:\n- match: a\n  step: 1\n- match: b\n  weight: 0", 5, "tensors[1].weight", "is 0, expected a positive number"),
        ("tensors:\n- match: a\n  step: 1\n  quantizer: half", 2, "tensors[0]", "gives a step to the quantizer half"),
        ("effort: 3\n---\neffort: 4", 2, nil, "second document"),
        ("effort: &a 3", 1, nil, "anchor '&a"),
        ("effort: !!int 3", 1, nil, "tags are not supported"),
        ("effort: 3\n? [a]\n: 1", 2, nil, "for a key"),
        ("<<: {effort: 3}", 1, nil, "unknown key '<<'"),
        ("effort:\n\t3", 2, nil, "is not YAML"),
        ("{\"effort\": 3", 2, nil, "is not YAML"),
        ("effort: 3\na: \u{1}", 2, nil, "control characters"),
    ] as [(String, Int, String?, String)])
    func refusals(text: String, line: Int, element: String?, words: String) {
        let error = #expect(throws: TamisError.self) { try Self.recipe(text + (text.hasPrefix("{\"") ? "\n" : "")) }
        #expect(error?.code == .invalidRecipe && error?.file == "r.yaml" && error?.unit == "line \(line)" && error?.element == element, "\(String(describing: error))")
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test("A key near a known one is answered with that")
    func suggestions() {
        for (key, meant) in [("qualty", "quality"), ("bitsPerWeight", "bits_per_weight"), ("bits-per-weight", "bits_per_weight"), ("Prune", "prune"), ("excludes", "exclude")] {
            let error = #expect(throws: TamisError.self) { try Self.recipe("\(key): 1") }
            #expect(error?.advice == "did you mean '\(meant)'?", "\(key)")
        }
        let far = #expect(throws: TamisError.self) { try Self.recipe("colour: 1") }
        #expect(far?.advice?.contains("did you mean") == false)
    }

    @Test("Aliases that would unfold without end do not reach the parser; an & in a word or comment does no harm")
    func bombs() throws {
        var text = "a0: &a0 [x]\n"
        for level in 1...40 { text += "? &a\(level) [*a\(level - 1), *a\(level - 1)]\n: 1\n" }
        let error = #expect(throws: TamisError.self) { try Self.recipe(text) }
        #expect(error?.code == .invalidRecipe && error?.message.contains("anchor") == true)
        #expect(try Self.recipe("exclude: [R&D, \"a & b\"] # speed & size").exclusions == ["R&D", "a & b"])
    }

    @Test("Deep nesting is refused")
    func nesting() {
        for text in [String(repeating: "[", count: 100_000), String(repeating: "- ", count: 100_000), String(repeating: "{a: ", count: 100_000)] {
            let error = #expect(throws: TamisError.self) { try Self.recipe(text) }
            #expect(error?.message == "is nested too deeply")
        }
    }

    @Test("Bytes that are no UTF-8, and too many of them")
    func bytes() throws {
        let error = #expect(throws: TamisError.self) { try Recipe(Array("effort: 3\nexclude: [".utf8) + [0xFF, 0x5D], file: "r") }
        #expect(error?.code == .invalidRecipe && error?.unit == "line 2" && error?.byteOffset == 20)
        let comment = [UInt8](repeating: UInt8(ascii: "#"), count: Recipe.maximumByteCount - 10)
        #expect(try Recipe(comment + Array("\neffort: 3".utf8)).effort == 3)
        let tooMany = #expect(throws: TamisError.self) { try Recipe(comment + Array("\neffort: 33".utf8), file: "r") }
        #expect(tooMany?.code == .limitExceeded)
    }

    @Test("Flags override a recipe's keys; exclusions add up")
    func merging() throws {
        var flags = Recipe()
        #expect(Self.expected.overridden(by: flags) == Self.expected)
        #expect(flags.overridden(by: Self.expected) == Self.expected)
        flags.target = .snr(decibels: 30)
        flags.quantizer = .rateDistortion
        flags.exclusions = ["tail", "more"]
        let merged = Self.expected.overridden(by: flags)
        #expect(merged.target == .snr(decibels: 30) && merged.quantizer == .rateDistortion)
        #expect(merged.feedback == FeedbackChoice.none)
        #expect(merged.effort == 7 && merged.allocation == .global && merged.pruning == .deviations(0.3) && merged.rules == Self.expected.rules)
        #expect(merged.exclusions == ["head.*", "tail", "more"])
    }

    @Test("What is open is the encoder's choice")
    func options() throws {
        let open = try Recipe().options()
        let usual = EncodingOptions()
        #expect(open.provenance == "--effort 5 --quality 15")
        #expect(open.target == usual.target && open.allocation == usual.allocation && open.effort == usual.effort && open.settings == usual.settings)
        #expect(open.rules.isEmpty && open.sensitivities.isEmpty && open.exclusions.isEmpty && open.feedback == nil && open.statistics.isEmpty)
        let options = try Self.expected.options(sensitivities: ["a": 2])
        #expect(options.target == .quality(decibels: 15) && options.allocation == .global && options.effort == 7 && options.rules == Self.expected.rules)
        #expect(options.settings == TensorSettings(quantizer: .trellis(states: 64), pruning: .deviations(0.3)))
        #expect(options.sensitivities == ["a": 2] && options.feedback == FeedbackChoice.none && options.exclusions == ["head.*", "tail"])
    }
}
