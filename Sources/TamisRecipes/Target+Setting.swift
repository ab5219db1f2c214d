import TamisEncoder

extension EncodingOptions.Target {
    /// The keys of recipes that say a target; with `-` for `_` they are the words of the command line.
    static let keys = ["quality", "bits_per_weight", "target_size", "snr", "step", "lossless"]

    /// Key and value as in a recipe.
    var member: (key: String, value: String) {
        switch self {
        case .quality(let decibels): ("quality", DecimalText.text(decibels))
        case .bitsPerWeight(let bits): ("bits_per_weight", DecimalText.text(bits))
        case .size(let bytes): ("target_size", "\(bytes)")
        case .snr(let decibels): ("snr", DecimalText.text(decibels))
        case .step(let step): ("step", DecimalText.text(step))
        case .lossless: ("lossless", "")
        }
    }
}
