import TamisEncoder
import TamisRecipes
import Testing

@Suite("Texts of quantizers, prunings and sizes")
struct SpecificationTests {
    @Test("A quantizer's text is read, and printed in one form", arguments: [
        ("midtread", .uniform(deadzone: 0.5), "midtread"),
        ("midrise", .uniform(deadzone: 0), "midrise"),
        ("deadzone,delta=.40", .uniform(deadzone: 0.4), "deadzone,delta=0.4"),
        ("deadzone,delta=0.5", .uniform(deadzone: 0.5), "midtread"),
        ("deadzone,delta=1", .uniform(deadzone: 1), "deadzone,delta=1"),
        ("rdoq", .rateDistortion, "rdoq"),
        ("trellis", .trellis(states: 64), "trellis,states=64"),
        ("trellis,states=8", .trellis(states: 8), "trellis,states=8"),
        ("mu-law", .muLaw(mu: 255, range: nil, levels: nil), "mu-law,mu=255"),
        ("mu-law,levels=256,range=1.5", .muLaw(mu: 255, range: 1.5, levels: 256), "mu-law,mu=255,range=1.5,levels=256"),
        ("mu-law,mu=1e1", .muLaw(mu: 10, range: nil, levels: nil), "mu-law,mu=10"),
        ("minifloat,m=3,e=4", .minifloat(exponentBits: 4, mantissaBits: 3), "minifloat,e=4,m=3"),
        ("half", .half, "half"),
        ("symmetric,bits=8", .symmetric(bits: 8), "symmetric,bits=8"),
        ("affine,bits=1", .affine(bits: 1, calibration: .minMax), "affine,bits=1,calibration=minmax"),
        ("affine,calibration=mse,bits=8", .affine(bits: 8, calibration: .meanSquaredError), "affine,bits=8,calibration=mse"),
        ("affine,bits=8,calibration=percentile", .affine(bits: 8, calibration: .percentile(99.9)), "affine,bits=8,calibration=percentile,percentile=99.9"),
        ("affine,bits=8,calibration=percentile,percentile=99", .affine(bits: 8, calibration: .percentile(99)), "affine,bits=8,calibration=percentile,percentile=99"),
        ("codebook,levels=65536", .codebook(levels: 65536), "codebook,levels=65536"),
        ("exact", .exact, "exact"),
    ] as [(String, QuantizerChoice, String)])
    func quantizers(text: String, choice: QuantizerChoice, canonical: String) throws {
        #expect(try QuantizerSpecification.choice(text) == choice)
        #expect(QuantizerSpecification.text(choice) == canonical)
        #expect(try QuantizerSpecification.choice(canonical) == choice)
    }

    @Test("A wrong quantizer is answered with what was expected", arguments: [
        ("", "unknown name ''"), ("trelis", "did you mean 'trellis'?"), ("Half", "did you mean 'half'?"), ("trellis,state=8", "did you mean 'states'?"),
        ("trellis,states=12", "states is 12, expected 8, 16, 32, 64, 128 or 256"), ("trellis,states", "expected key=value"), ("trellis,", "expected key=value"),
        ("trellis,states=8,states=8", "more than once"), ("deadzone", "delta is missing"), ("deadzone,delta=1.01", "expected 0 to 1"), ("deadzone,delta=nan", "expected 0 to 1"),
        ("deadzone,delta=0x1", "expected 0 to 1"), ("half,bits=8", "takes no parameters"), ("symmetric", "bits is missing"), ("symmetric,bits=1", "from 2 to 16"),
        ("symmetric,bits=8.0", "a whole number"), ("affine,bits=17", "from 1 to 16"), ("affine,bits=8,calibration=max", "minmax, percentile or mse"),
        ("affine,bits=8,percentile=99", "calibration=percentile"), ("affine,bits=8,calibration=percentile,percentile=49", "expected 50 to 100"), ("minifloat,e=6,m=3", "from 0 to 5"),
        ("minifloat,e=4", "m is missing"), ("mu-law,mu=0", "mu is 0"), ("mu-law,range=-1", "a positive number"), ("mu-law,range=1e999", "a positive number"),
        ("mu-law,levels=1", "from 2 to 131070"), ("codebook,levels=99999999999999999999", "from 2 to 65536"), ("half ", "unknown name 'half '"),
    ])
    func wrongQuantizers(text: String, words: String) {
        let problem = #expect(throws: SettingProblem.self) { try QuantizerSpecification.choice(text) }
        #expect(problem?.sentence.contains(words) == true, "\(problem?.sentence ?? "")")
        #expect(problem?.error.family == .misuse)
    }

    @Test("A pruning's text is read, and printed in one form", arguments: [
        ("sigma=.5", .deviations(0.5), "sigma=0.5"), ("magnitude=1e-2", .magnitude(0.01), "magnitude=0.01"), ("keep=2:4", .pattern(kept: 2, group: 4), "keep=2:4"),
        ("rows=0.1", .rows(0.1), "rows=0.1"), ("sigma=0", .deviations(0), "sigma=0"), ("keep=4:4", .pattern(kept: 4, group: 4), "keep=4:4"),
    ] as [(String, Pruning, String)])
    func prunings(text: String, pruning: Pruning, canonical: String) throws {
        #expect(try PruningSpecification.pruning(text) == pruning)
        #expect(PruningSpecification.text(pruning) == canonical)
        #expect(try PruningSpecification.pruning(canonical) == pruning)
    }

    @Test("A wrong pruning is answered with what was expected", arguments: [
        ("", "expected key=value"), ("0.5", "expected key=value"), ("sigm=1", "did you mean 'sigma'?"), ("sigma=-0.1", "at least 0"), ("sigma=inf", "at least 0"),
        ("sigma=1,rows=1", "expected one of them"), ("keep=5:4", "1 ≤ N ≤ M"), ("keep=0:4", "1 ≤ N ≤ M"), ("keep=1:1", "1 ≤ N ≤ M"), ("keep=2", "N:M"), ("keep=2:4:8", "N:M"), ("keep=1:65537", "65536"),
    ])
    func wrongPrunings(text: String, words: String) {
        let problem = #expect(throws: SettingProblem.self) { try PruningSpecification.pruning(text) }
        #expect(problem?.sentence.contains(words) == true, "\(problem?.sentence ?? "")")
    }

    @Test("Sizes", arguments: [
        ("0", 0), ("600000", 600_000), ("12B", 12), ("600K", 614_400), ("600kb", 614_400), ("1.5M", 1_572_864), ("1.5MiB", 1_572_864), ("0.000001K", 0),
        ("2G", 2_147_483_648), ("18446744073709551615", UInt64.max), ("", nil), ("K", nil), ("1.5", nil), ("1.5B", nil), (".5M", nil), ("1.M", nil), ("-1", nil),
        ("1 M", nil), ("1T", nil), ("18446744073709551616", nil), ("99999999999999G", nil), ("1.0000001M", nil), ("1e6", nil), ("٣K", nil),
    ] as [(String, UInt64?)])
    func sizes(text: String, count: UInt64?) { #expect(ByteCountText.parse(text) == count) }
}
