import ArgumentParser
import TamisEncoder
import TamisRecipes

/// How fine the weights are to be, and how hard to look for fewer bits.
struct QualityOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Closeness of the weights, -20 to 120: minus the decibels of all tensors' relative errors added up, not the SNR that compare prints. More is closer and larger; 15 suits most networks (default: 15).", valueName: "dB"))
    var quality: Double?

    @Option(parsing: .unconditional, help: ArgumentHelp("Bits of the whole file per weight, 0.01 to 40, as inspect counts them.", valueName: "bits"))
    var bitsPerWeight: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("At most these bytes for the whole file: a number, or one with K, M or G for multiples of 1024, such as 1.5M.", valueName: "size"))
    var targetSize: ByteCount?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The signal-to-noise ratio that compare prints, -10 to 150: of all tensors of two or more dimensions together.", valueName: "dB"))
    var snr: Double?

    @Option(parsing: .unconditional, help: ArgumentHelp("Round all weights to multiples of this step, in place of a quality.", valueName: "size"))
    var step: Float?

    @Flag(help: "Keep every bit: decoding gives back the same files, with the same SHA-256.")
    var lossless = false

    @Option(
        help: ArgumentHelp("How fine the tensors are against each other: balanced for equal relative harm, global for one step (default: balanced).", valueName: "kind"))
    var allocation: EncodingOptions.Allocation?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How hard to look for fewer bits, 1 to 9; more takes longer, decoding does not (default: \(EncodingOptions.defaultEffort)).", valueName: "n"))
    var effort: Int?

    /// The targets that were given, with their words.
    private var targets: [(word: String, target: EncodingOptions.Target)] {
        [
            quality.map { ("--quality", .quality(decibels: $0)) }, bitsPerWeight.map { ("--bits-per-weight", .bitsPerWeight($0)) },
            targetSize.map { ("--target-size", .size(bytes: $0.value)) }, snr.map { ("--snr", .snr(decibels: $0)) }, step.map { ("--step", .step($0)) },
            lossless ? ("--lossless", .lossless) : nil,
        ].compactMap { $0 }
    }

    func validate() throws {
        if targets.count > 1 {
            throw ValidationError("\(targets[0].word) and \(targets[1].word) contradict each other: both say how coarsely to round; give one of them")
        }
        if let (word, target) = targets.first, let problem = target.problem { throw ValidationError("\(word) \(problem)") }
        if let effort, !EncodingOptions.effortRange.contains(effort) {
            throw ValidationError("--effort is \(effort), expected \(EncodingOptions.effortRange.lowerBound) to \(EncodingOptions.effortRange.upperBound)")
        }
    }

    /// Puts what was given into `recipe`.
    func fill(_ recipe: inout Recipe) {
        recipe.target = targets.first?.target
        recipe.allocation = allocation
        recipe.effort = effort
    }
}
