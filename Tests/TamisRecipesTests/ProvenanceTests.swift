import TamisBits
import TamisEncoder
import TamisRecipes
import TamisYAML
import Testing

@Suite("The words a stream keeps about its making")
struct ProvenanceTests {
    @Test("One form for all that shapes the bytes")
    func words() throws {
        var recipe = Recipe()
        recipe.effort = 7
        recipe.target = .bitsPerWeight(2.50)
        recipe.allocation = .global
        recipe.quantizer = .trellis(states: 64)
        recipe.pruning = .pattern(kept: 2, group: 4)
        recipe.feedback = .synthetic
        recipe.exclusions = ["it's*", "head.*"]
        recipe.rules = [
            TensorRule(
                pattern: "a\"b\\",
                settings: TensorSettings(quantizer: .affine(bits: 8, calibration: .percentile(99)), pruning: .deviations(0.5), step: 0.01, weight: 4)),
            TensorRule(pattern: "it's", settings: TensorSettings(quantizer: .exact)),
        ]
        let provenance = try recipe.options(sensitivities: ["b": 2, "a\n\u{85}": 0.5]).provenance
        #expect(
            provenance == #"--effort 7 --bits-per-weight 2.5 --allocation global --quantizer trellis,states=64 --prune keep=2:4 --feedback synthetic --exclude 'it'\''s*' --exclude 'head.*'"#
                + #" --recipe '{"tensors":[{"match":"a\"b\\","prune":"sigma=0.5","quantizer":"affine,bits=8,calibration=percentile,percentile=99","step":0.01,"weight":4},"#
                + #"{"match":"it'\''s","quantizer":"exact"}]}'"# + #" --sensitivity '{"a\u000a\u0085":0.5,"b":2}'"#)
    }

    @Test("The line of rules is a recipe that says the same")
    func roundTrip() throws {
        var recipe = Recipe()
        recipe.rules = [
            TensorRule(pattern: "ü?*\u{7F}".replacing("\u{7F}", with: ""), settings: TensorSettings(quantizer: .muLaw(mu: 255, range: 0.1, levels: 15), weight: 1e-7)),
            TensorRule(pattern: "b", settings: TensorSettings(pruning: .rows(0.1), step: 0.1)),
        ]
        let words = try recipe.options().provenance
        let line = try #require(words.firstMatch(of: /--recipe '(.*)'/)?.1)
        #expect(try Recipe(Array(line.utf8)).rules == recipe.rules)
        let table = ["a": 0.1, "b\"": 3e-300, "\u{1F600}": 1e300]
        #expect(try SensitivityFile.table(Array(SensitivityFile.text(table).utf8)) == table)
    }

    @Test("What is too long is named by its digest, or refused")
    func long() throws {
        let table = Dictionary(uniqueKeysWithValues: (0..<6000).map { ("tensor.\($0)", 1.5) })
        var recipe = Recipe()
        let one = try recipe.options(sensitivities: table).provenance
        #expect(one.wholeMatch(of: /--effort 5 --quality 15 --sensitivity sha256:[0-9a-f]{64}/) != nil)
        recipe.rules = (0..<3000).map { TensorRule(pattern: "tensor.\($0)", settings: TensorSettings(quantizer: .half)) }
        let both = try recipe.options(sensitivities: table).provenance
        #expect(both.wholeMatch(of: /--effort 5 --quality 15 --recipe sha256:[0-9a-f]{64} --sensitivity sha256:[0-9a-f]{64}/) != nil)
        recipe.rules = Array(recipe.rules.prefix(1200))
        #expect(try recipe.options(sensitivities: table).provenance.utf8.count <= 60_000)
        recipe.exclusions = [String(repeating: "x", count: 59_700)]
        #expect(try recipe.options(sensitivities: table).provenance.utf8.count <= 60_000)
        recipe.exclusions = [String(repeating: "x", count: 60_000)]
        let error = #expect(throws: TamisError.self) { try recipe.options() }
        #expect(error?.code == .invalidArgument)
    }
}
