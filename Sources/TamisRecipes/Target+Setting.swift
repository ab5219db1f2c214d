import TamisEncoder
import TamisSyntax

extension EncodingOptions.Target {
    /// The keys of recipes that say a target; with `-` for `_` they are the words of the command line.
    static let keys = ["quality", "bits_per_weight", "target_size", "snr", "step"]

    static let qualityRange = -20.0...120.0
    static let bitsPerWeightRange = 0.01...40.0
    static let snrRange = -10.0...150.0

    /// What is wrong with its number: words that complete "quality …"; nil if nothing is.
    public var problem: String? {
        switch self {
        case .quality(let decibels): Self.problem(decibels, Self.qualityRange, " decibels")
        case .bitsPerWeight(let bits): Self.problem(bits, Self.bitsPerWeightRange, "")
        case .snr(let decibels): Self.problem(decibels, Self.snrRange, " decibels")
        case .size(let bytes): bytes > 0 ? nil : "is 0, expected a number of bytes, such as 600000, 600K or 1.5M"
        case .step(let step):
            if !(step > 0 && step.isFinite) {
                "is \(DecimalText.text(step)), expected a positive number"
            } else {
                QuantizerGrid.stepRange.contains(step) ? nil : "is \(DecimalText.text(step)), expected 2^-100 to 2^80"
            }
        }
    }

    /// Key and value as in a recipe.
    var member: (key: String, value: String) {
        switch self {
        case .quality(let decibels): ("quality", DecimalText.text(decibels))
        case .bitsPerWeight(let bits): ("bits_per_weight", DecimalText.text(bits))
        case .size(let bytes): ("target_size", "\(bytes)")
        case .snr(let decibels): ("snr", DecimalText.text(decibels))
        case .step(let step): ("step", DecimalText.text(step))
        }
    }

    private static func problem(_ value: Double, _ range: ClosedRange<Double>, _ unit: String) -> String? {
        range.contains(value) ? nil : "is \(DecimalText.text(value)), expected \(DecimalText.text(range.lowerBound)) to \(DecimalText.text(range.upperBound))\(unit)"
    }
}
