import TamisSyntax

extension EncodingOptions {
    /// What is wrong with the parameters, in words, or nil.
    public var problem: String? {
        if let problem = target.problem { return "the \(target.name) \(problem)" }
        if !Self.effortRange.contains(effort) { return "the effort is \(effort), expected 1 to 9" }
        if let problem = settings.problem { return problem }
        if shard != nil && !target.isKnownToShards { return "the \(target.name) is one of the whole stream, which who makes a shard does not see" }
        if target == .lossless && (settings != TensorSettings() || !rules.isEmpty || !statistics.isEmpty) {
            return "the target is lossless, which leaves nothing for quantizers, pruning, steps or statistics to do"
        }
        if target == .lossless && grid != nil { return "the target is lossless, which leaves nothing for a grid of integers to do" }
        for rule in rules { if let problem = rule.settings.problem { return "for '\(rule.pattern)': \(problem)" } }
        for (name, weight) in sensitivities.sorted(by: { $0.key < $1.key }) where !(weight > 0 && weight.isFinite) {
            return "the sensitivity of '\(name)' is \(weight), expected a positive number"
        }
        return nil
    }
}

extension EncodingOptions.Target {
    static let qualityRange = -20.0...120.0
    static let bitsPerWeightRange = 0.01...40.0
    static let snrRange = -10.0...150.0

    /// Each shard meets it by itself.
    public var isKnownToShards: Bool {
        switch self {
        case .quality, .snr, .step, .lossless: true
        case .bitsPerWeight, .size: false
        }
    }

    /// In words.
    var name: String {
        switch self {
        case .quality: "quality"
        case .bitsPerWeight: "number of bits per weight"
        case .size: "target size"
        case .snr: "SNR"
        case .step: "step"
        case .lossless: "target"
        }
    }

    /// What is wrong with its number: words that follow its name; nil if nothing is.
    public var problem: String? {
        switch self {
        case .quality(let decibels): Self.problem(decibels, Self.qualityRange, " decibels")
        case .bitsPerWeight(let bits): Self.problem(bits, Self.bitsPerWeightRange, "")
        case .snr(let decibels): Self.problem(decibels, Self.snrRange, " decibels")
        case .size(let bytes): bytes > 0 ? nil : "is 0, expected a number of bytes, such as 600000, 600K or 1.5M"
        case .step(let step):
            if !(step > 0 && step.isFinite) {
                "is \(Self.text(Double(step))), expected a positive number"
            } else {
                QuantizerGrid.stepRange.contains(step) ? nil : "is \(step), expected 2^-100 to 2^80"
            }
        case .lossless: nil
        }
    }

    private static func problem(_ value: Double, _ range: ClosedRange<Double>, _ unit: String) -> String? {
        range.contains(value) ? nil : "is \(text(value)), expected \(text(range.lowerBound)) to \(text(range.upperBound))\(unit)"
    }

    private static func text(_ value: Double) -> String { value.magnitude < 1e6 && value == value.rounded() ? "\(Int(value))" : "\(value)" }
}
