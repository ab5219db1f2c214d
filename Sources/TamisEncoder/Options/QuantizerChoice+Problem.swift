import TamisSyntax

extension QuantizerChoice {
    static let stateCounts = [8, 16, 32, 64, 128, 256]
    static let muRange: ClosedRange<Double> = 0x1p-10...0x1p20
    static let compandingLevels = 2...131070
    static let symmetricBits = 2...16
    static let affineBits = 1...16
    static let codebookLevels = 2...65536
    static let percentiles: ClosedRange<Double> = 50...100

    /// What is wrong with the parameters, in words, or nil.
    public var problem: String? {
        switch self {
        case .uniform(let deadzone):
            return (0...1).contains(deadzone) ? nil : "a uniform quantizer needs a deadzone of 0 to 1, not \(deadzone)"
        case .trellis(let states):
            return Self.stateCounts.contains(states) ? nil : "a trellis needs 8, 16, 32, 64, 128 or 256 states, not \(states)"
        case .muLaw(let mu, let range, let levels): return Self.problem(mu: mu, range: range, levels: levels)
        case .minifloat(let exponentBits, let mantissaBits):
            if !(0...5).contains(exponentBits) { return "a minifloat needs 0 to 5 exponent bits, not \(exponentBits)" }
            return (0...10).contains(mantissaBits) ? nil : "a minifloat needs 0 to 10 mantissa bits, not \(mantissaBits)"
        case .symmetric(let bits):
            return Self.symmetricBits.contains(bits) ? nil : "symmetric quantization needs 2 to 16 bits, not \(bits)"
        case .affine(let bits, let calibration):
            if !Self.affineBits.contains(bits) { return "affine quantization needs 1 to 16 bits, not \(bits)" }
            if case .percentile(let percent) = calibration, !Self.percentiles.contains(percent) {
                return "a calibration by percentile needs 50 to 100 percent, not \(percent)"
            }
            return nil
        case .codebook(let levels):
            return Self.codebookLevels.contains(levels) ? nil : "a codebook needs 2 to 65536 levels, not \(levels)"
        case .rateDistortion, .half, .exact: return nil
        }
    }

    private static func problem(mu: Double, range: Double?, levels: Int?) -> String? {
        if !muRange.contains(mu) { return "μ-law companding needs a μ of 2^-10 to 2^20, not \(mu)" }
        if let range, !(range > 0 && range.isFinite) { return "μ-law companding needs a positive range, not \(range)" }
        if let range, !Companding.amplitudeRange.contains(Float(range / mu)) {
            return "μ-law companding needs a range of 2^-100 to 2^80 times μ, not \(range)"
        }
        guard let levels else { return nil }
        if !compandingLevels.contains(levels) { return "μ-law companding needs 2 to 131070 levels, not \(levels)" }
        let growth = CompandingDesign.growth(mu: mu, spacing: 2 / Double(levels))
        if Companding.growthRange.contains(Float(growth)) { return nil }
        return growth < 1
            ? "μ-law companding with a μ of \(mu) needs fewer than \(levels) levels" : "μ-law companding with a μ of \(mu) needs more than \(levels) levels"
    }
}

extension Pruning {
    static let groups = 2...65536

    /// What is wrong with the parameters, in words, or nil.
    public var problem: String? {
        switch self {
        case .deviations(let gamma):
            return gamma >= 0 && gamma.isFinite ? nil : "pruning by deviations needs a factor of at least 0, not \(gamma)"
        case .magnitude(let bound):
            return bound >= 0 && bound.isFinite ? nil : "pruning by magnitude needs a bound of at least 0, not \(bound)"
        case .pattern(let kept, let group):
            if !Self.groups.contains(group) { return "pruning by a pattern needs groups of 2 to 65536 weights, not \(group)" }
            return (1...group).contains(kept) ? nil : "pruning by a pattern keeps 1 to \(group) of \(group) weights, not \(kept)"
        case .rows(let fraction):
            return fraction >= 0 && fraction.isFinite ? nil : "pruning of rows needs a fraction of at least 0, not \(fraction)"
        }
    }
}

extension TensorSettings {
    /// What is wrong with the parameters, in words, or nil.
    public var problem: String? {
        if let problem = quantizer?.problem ?? pruning?.problem { return problem }
        if let step, !QuantizerGrid.stepRange.contains(step) { return "a step is 2^-100 to 2^80, not \(step)" }
        if let weight, !(weight > 0 && weight.isFinite) { return "a weight is a positive number, not \(weight)" }
        return nil
    }
}
