import ArgumentParser
import TamisEncoder
import TamisRecipes

/// Whether errors are hidden from the outputs of layers.
struct FeedbackOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Whether the weights of an output that are rounded later hide the errors of earlier ones: none, or synthetic, for inputs as such layers have them as a rule (default: what the effort says).", valueName: "kind"))
    var feedback: FeedbackChoice?

    @Option(
        help: ArgumentHelp(
            "Safetensors file with second moments of the layers' inputs, as tamis-study calibrate measures them: feedback goes by these then.", valueName: "file"),
        completion: .file(extensions: ["safetensors"]))
    var statistics: String?

    func validate() throws {
        if feedback == FeedbackChoice.none && statistics != nil {
            throw ValidationError("--feedback none and --statistics contradict each other: statistics are for feedback; give one of them")
        }
    }

    /// Puts what was given into `recipe`.
    func fill(_ recipe: inout Recipe) { recipe.feedback = feedback }
}
