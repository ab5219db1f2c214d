import TamisBits
import TamisEncoder

/// Settings of the encoder, each of which may be left open: what a recipe file says, or the words of a command line.
public struct Recipe: Sendable, Equatable {
    public var effort: Int?
    public var target: EncodingOptions.Target?
    public var allocation: EncodingOptions.Allocation?
    public var quantizer: QuantizerChoice?
    public var pruning: Pruning?
    public var feedback: FeedbackChoice?
    public var grid: IntegerGrid?
    /// Globs over tensor names.
    public var exclusions: [String]
    /// In order: all that match apply, later ones over earlier ones.
    public var rules: [TensorRule]

    /// Leaves all open.
    public init() {
        exclusions = []
        rules = []
    }

    /// Takes a recipe's document apart.
    ///
    /// - Parameters:
    ///   - root: nil if the document is empty.
    ///   - file: its name, for errors.
    /// - Throws: `invalid_recipe`, with line and key, for anything that is not understood.
    package init(_ root: DocumentNode?, file: String? = nil) throws(TamisError) {
        self = try RecipeReader(file: file).recipe(root)
    }

    /// Both together: `other` where both say something; exclusions and rules of both, this recipe's first.
    public func overridden(by other: Recipe) -> Recipe {
        var recipe = self
        recipe.effort = other.effort ?? effort
        recipe.target = other.target ?? target
        recipe.allocation = other.allocation ?? allocation
        recipe.quantizer = other.quantizer ?? quantizer
        recipe.pruning = other.pruning ?? pruning
        recipe.feedback = other.feedback ?? feedback
        recipe.grid = other.grid ?? grid
        recipe.exclusions += other.exclusions.filter { !exclusions.contains($0) }
        recipe.rules += other.rules
        return recipe
    }

    /// Options for the encoder, with the encoder's own choice for what is open, and with `provenance` filled in.
    ///
    /// - Parameters:
    ///   - sensitivities: see `SensitivityFile`.
    ///   - statistics: whether they fit the model is for `requireFit` to say.
    /// - Throws: `invalid_argument` if the exclusions are too long to be kept in the stream, or if there are statistics but is to be
    ///   no feedback.
    public func options(sensitivities: [String: Double] = [:], statistics: StatisticsFile? = nil) throws(TamisError) -> EncodingOptions {
        if statistics != nil && feedback == FeedbackChoice.none {
            throw TamisError(
                .invalidArgument, "statistics are given, but feedback, which is all that they are for, is set to none",
                advice: "leave the statistics out, or set feedback to synthetic")
        }
        var options = EncodingOptions(
            settings: TensorSettings(quantizer: quantizer, pruning: pruning), rules: rules, sensitivities: sensitivities, feedback: feedback,
            statistics: statistics?.layers ?? [:], grid: grid, exclusions: exclusions)
        if let target { options.target = target }
        if let allocation { options.allocation = allocation }
        if let effort { options.effort = effort }
        options.provenance = try options.canonicalWords(statisticsDigest: statistics?.digest)
        return options
    }
}
