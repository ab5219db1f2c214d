import ArgumentParser
import TamisEncoder
import TamisRecipes

/// Whether errors are hidden from the outputs of layers.
struct FeedbackOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Whether the weights of an output that are rounded later hide the errors of earlier ones: none, or synthetic, for inputs as such layers have them as a rule (default: what the effort says).", valueName: "kind"))
    var feedback: FeedbackChoice?

    /// Puts what was given into `recipe`.
    func fill(_ recipe: inout Recipe) { recipe.feedback = feedback }
}
