import ArgumentParser
import Tamis
import TamisEncoder
import TamisRecipes

/// How tensors become indices, all of them or some.
struct QuantizerOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The quantizer of all tensors, as name[,key=value...] from the list above (default: what the effort says).", valueName: "spec"))
    var quantizer: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Short for --quantizer deadzone,delta=...: values up to this many steps from zero become zero, 0 to 1; 0.5 is rounding to nearest.", valueName: "delta"))
    var deadzone: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Set weights to zero first: sigma=0.5 those below half the tensor's standard deviation, magnitude=0.01 those below 0.01, keep=2:4 all but the 2 largest of every 4, rows=0.1 rows whose mean magnitude is below a tenth of the tensor's.", valueName: "spec"))
    var prune: String?

    @Option(
        help: ArgumentHelp(
            "Make all weights int8 or int4 times a step, for 'decode --form qdq': no offsets, and steps no finer than 127 or 7 of them reach with.", valueName: "type"))
    var grid: IntegerGrid?

    @Option(
        name: .customLong("exclude"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Keep the tensors whose names match bit-exact; * stands for any text, ? for one character. Repeatable.", valueName: "glob"))
    var exclusions: [String] = []

    @Option(
        help: ArgumentHelp("JSON file with an object from tensor names to weights: a tensor of weight 4 gets half the step.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var sensitivity: String?

    @Option(
        help: ArgumentHelp("YAML or JSON file with any of these settings, and settings for single tensors; options given here override it.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml", "json"]))
    var recipe: String?

    func validate() throws {
        if deadzone != nil && quantizer != nil {
            throw ValidationError("--deadzone and --quantizer contradict each other: --deadzone D is --quantizer deadzone,delta=D; give one of them")
        }
        if let deadzone, !(0...1).contains(deadzone) { throw ValidationError("--deadzone is \(Decimal.shortest(deadzone)), expected 0 to 1") }
        if let quantizer {
            do throws(SettingProblem) { _ = try QuantizerSpecification.choice(quantizer) } catch {
                throw ValidationError("--quantizer '\(quantizer.printable)': \(error.sentence.printable)")
            }
        }
        if let prune {
            do throws(SettingProblem) { _ = try PruningSpecification.pruning(prune) } catch {
                throw ValidationError("--prune '\(prune.printable)': \(error.sentence.printable)")
            }
        }
        if let pattern = exclusions.first(where: { $0.isEmpty || $0.unicodeScalars.contains(where: StoredName.isControl) }) {
            throw ValidationError("--exclude '\(pattern.printable)' is empty or holds a control character")
        }
    }

    /// Puts what was given into `recipe`.
    func fill(_ recipe: inout Recipe) {
        recipe.quantizer = deadzone.map { .uniform(deadzone: $0) } ?? quantizer.flatMap { try? QuantizerSpecification.choice($0) }
        recipe.pruning = prune.flatMap { try? PruningSpecification.pruning($0) }
        recipe.grid = grid
        recipe.exclusions = exclusions
    }
}
