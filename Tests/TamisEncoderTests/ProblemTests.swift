import Testing

@testable import TamisEncoder

@Suite("Parameters out of range are named")
struct ProblemTests {
    @Test func words() {
        #expect(QuantizerChoice.symmetric(bits: 1).problem == "symmetric quantization needs 2 to 16 bits, not 1")
        #expect(Pruning.pattern(kept: 5, group: 4).problem == "pruning by a pattern keeps 1 to 4 of 4 weights, not 5")
        #expect(TensorSettings(step: 0).problem == "a step is 2^-100 to 2^80, not 0.0")
        #expect(QuantizerChoice.muLaw(mu: 0x1p20, range: nil, levels: 2).problem == "μ-law companding with a μ of 1048576.0 needs more than 2 levels")
        #expect(QuantizerChoice.muLaw(mu: 0x1p-10, range: nil, levels: 131_070).problem == "μ-law companding with a μ of 0.0009765625 needs fewer than 131070 levels")
    }

    @Test(arguments: [
        .uniform(deadzone: -0.1), .uniform(deadzone: 1.1), .uniform(deadzone: .nan), .trellis(states: 9), .trellis(states: 4), .trellis(states: 512),
        .muLaw(mu: 0, range: nil, levels: nil), .muLaw(mu: .infinity, range: nil, levels: nil), .muLaw(mu: 255, range: 0, levels: nil),
        .muLaw(mu: 255, range: .nan, levels: nil), .muLaw(mu: 255, range: -1, levels: nil), .muLaw(mu: 255, range: 1e-40, levels: nil),
        .muLaw(mu: 255, range: nil, levels: 1), .muLaw(mu: 255, range: nil, levels: 131_071), .minifloat(exponentBits: 6, mantissaBits: 2),
        .minifloat(exponentBits: -1, mantissaBits: 2), .minifloat(exponentBits: 2, mantissaBits: 11), .minifloat(exponentBits: 2, mantissaBits: -1),
        .symmetric(bits: 17), .affine(bits: 0, calibration: .minMax), .affine(bits: 17, calibration: .minMax),
        .affine(bits: 8, calibration: .percentile(49)), .affine(bits: 8, calibration: .percentile(100.1)), .affine(bits: 8, calibration: .percentile(.nan)),
        .codebook(levels: 1), .codebook(levels: 65_537),
    ] as [QuantizerChoice])
    func unsoundQuantizers(_ choice: QuantizerChoice) {
        #expect(choice.problem != nil)
        #expect(TensorSettings(quantizer: choice).problem == choice.problem)
    }

    @Test(arguments: [
        .uniform(deadzone: 0), .uniform(deadzone: 1), .rateDistortion, .trellis(states: 8), .trellis(states: 256), .muLaw(mu: 255, range: nil, levels: nil),
        .muLaw(mu: 255, range: 1, levels: 131_070), .muLaw(mu: 255, range: 1, levels: 4), .minifloat(exponentBits: 0, mantissaBits: 0),
        .minifloat(exponentBits: 5, mantissaBits: 10), .half, .symmetric(bits: 2), .symmetric(bits: 16), .affine(bits: 1, calibration: .percentile(50)),
        .affine(bits: 16, calibration: .percentile(100)), .codebook(levels: 2), .codebook(levels: 65_536), .exact,
    ] as [QuantizerChoice])
    func soundQuantizers(_ choice: QuantizerChoice) { #expect(choice.problem == nil) }

    @Test func prunings() {
        let unsound: [Pruning] = [
            .deviations(-1), .deviations(.nan), .deviations(.infinity), .magnitude(-1), .magnitude(.infinity), .pattern(kept: 0, group: 4), .pattern(kept: 1, group: 1),
            .pattern(kept: 1, group: 65_537), .pattern(kept: -1, group: 4), .rows(-0.1), .rows(.nan),
        ]
        for pruning in unsound {
            #expect(pruning.problem != nil, "\(pruning)")
            #expect(TensorSettings(pruning: pruning).problem == pruning.problem)
        }
        for pruning in [Pruning.deviations(0), .deviations(3), .magnitude(0), .pattern(kept: 2, group: 4), .pattern(kept: 4, group: 4), .rows(0.5)] { #expect(pruning.problem == nil) }
    }

    @Test func settings() {
        for step in [Float.nan, .infinity, -1, 0x1p-101, 0x1p81] { #expect(TensorSettings(step: step).problem != nil) }
        for weight in [Double.nan, .infinity, -1, 0] { #expect(TensorSettings(weight: weight).problem != nil) }
        #expect(TensorSettings().problem == nil)
        #expect(TensorSettings(quantizer: .half, pruning: .magnitude(1), step: 0x1p-100, weight: 1e-300).problem == nil)
    }
}
