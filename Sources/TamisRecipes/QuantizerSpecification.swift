import TamisEncoder

/// The text form of quantizers: `name,key=value,…`.
///
/// | text | parameters |
/// |---|---|
/// | `midtread`, `midrise`, `rdoq`, `half`, `exact` | – |
/// | `deadzone` | `delta` |
/// | `trellis` | `states` (64) |
/// | `mu-law` | `mu` (255), `range`, `levels` |
/// | `minifloat` | `e`, `m` |
/// | `symmetric` | `bits` |
/// | `affine` | `bits`, `calibration` (`minmax`, `percentile`, `mse`), `percentile` (99.9) |
/// | `codebook` | `levels` |
public enum QuantizerSpecification {
    /// All names.
    public static let names = ["midtread", "midrise", "deadzone", "rdoq", "trellis", "mu-law", "minifloat", "half", "symmetric", "affine", "codebook", "exact"]

    static let defaultStates = 64
    static let defaultMu = 255.0
    static let defaultPercentile = 99.9

    /// The quantizer that `text` says.
    public static func choice(_ text: String) throws(SettingProblem) -> QuantizerChoice {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        try requireName(name)
        return try choice(name, SettingParameters(of: name, pairs: Array(parts.dropFirst())))
    }

    /// The canonical text: what `choice` reads as the same quantizer, with every parameter that has a value.
    public static func text(_ choice: QuantizerChoice) -> String {
        let (name, parameters) = members(choice)
        return ([name] + parameters.map { "\($0.key)=\($0.value)" }).joined(separator: ",")
    }

    static func requireName(_ name: String) throws(SettingProblem) {
        if names.contains(name) { return }
        throw SettingProblem(
            "has the unknown name '\(name)', expected \(SettingParameters.list(names))", advice: Suggestion.sentence(for: name, among: names))
    }

    /// - Parameter name: one of `names`.
    static func choice(_ name: String, _ parameters: SettingParameters) throws(SettingProblem) -> QuantizerChoice {
        try parameters.require(only: known(name))
        switch name {
        case "midtread": return .uniform(deadzone: 0.5)
        case "midrise": return .uniform(deadzone: 0)
        case "deadzone": return .uniform(deadzone: try parameters.required("delta", parameters.number("delta", 0...1)))
        case "rdoq": return .rateDistortion
        case "trellis": return .trellis(states: try parameters.integer("states", among: [8, 16, 32, 64, 128, 256]) ?? defaultStates)
        case "mu-law":
            return .muLaw(
                mu: try parameters.number("mu", 0x1p-10...0x1p20) ?? defaultMu, range: try parameters.positiveNumber("range"),
                levels: try parameters.integer("levels", 2...131_070))
        case "minifloat":
            return .minifloat(
                exponentBits: try parameters.required("e", parameters.integer("e", 0...5)),
                mantissaBits: try parameters.required("m", parameters.integer("m", 0...10)))
        case "half": return .half
        case "symmetric": return .symmetric(bits: try parameters.required("bits", parameters.integer("bits", 2...16)))
        case "affine":
            return .affine(bits: try parameters.required("bits", parameters.integer("bits", 1...16)), calibration: try calibration(parameters))
        case "codebook": return .codebook(levels: try parameters.required("levels", parameters.integer("levels", 2...65536)))
        default: return .exact
        }
    }

    /// Name and parameters, in the order of the text.
    static func members(_ choice: QuantizerChoice) -> (name: String, parameters: [(key: String, value: String)]) {
        switch choice {
        case .uniform(deadzone: 0.5): return ("midtread", [])
        case .uniform(deadzone: 0): return ("midrise", [])
        case .uniform(let deadzone): return ("deadzone", [("delta", DecimalText.text(deadzone))])
        case .rateDistortion: return ("rdoq", [])
        case .trellis(let states): return ("trellis", [("states", "\(states)")])
        case .muLaw(let mu, let range, let levels):
            let optional = [range.map { ("range", DecimalText.text($0)) }, levels.map { ("levels", "\($0)") }]
            return ("mu-law", [("mu", DecimalText.text(mu))] + optional.compactMap { $0 })
        case .minifloat(let exponentBits, let mantissaBits): return ("minifloat", [("e", "\(exponentBits)"), ("m", "\(mantissaBits)")])
        case .half: return ("half", [])
        case .symmetric(let bits): return ("symmetric", [("bits", "\(bits)")])
        case .affine(let bits, .minMax): return ("affine", [("bits", "\(bits)"), ("calibration", "minmax")])
        case .affine(let bits, .meanSquaredError): return ("affine", [("bits", "\(bits)"), ("calibration", "mse")])
        case .affine(let bits, .percentile(let percentile)):
            return ("affine", [("bits", "\(bits)"), ("calibration", "percentile"), ("percentile", DecimalText.text(percentile))])
        case .codebook(let levels): return ("codebook", [("levels", "\(levels)")])
        case .exact: return ("exact", [])
        }
    }

    private static func known(_ name: String) -> [String] {
        switch name {
        case "deadzone": ["delta"]
        case "trellis": ["states"]
        case "mu-law": ["mu", "range", "levels"]
        case "minifloat": ["e", "m"]
        case "symmetric": ["bits"]
        case "affine": ["bits", "calibration", "percentile"]
        case "codebook": ["levels"]
        default: []
        }
    }

    private static func calibration(_ parameters: SettingParameters) throws(SettingProblem) -> QuantizerChoice.Calibration {
        let word = try parameters.word("calibration", among: ["minmax", "percentile", "mse"])
        let percentile = try parameters.number("percentile", 50...100)
        if percentile != nil && word != "percentile" {
            throw SettingProblem("is for calibration=percentile only", parameter: "percentile", advice: "add that, or leave this out")
        }
        switch word {
        case "percentile": return .percentile(percentile ?? defaultPercentile)
        case "mse": return .meanSquaredError
        default: return .minMax
        }
    }
}
