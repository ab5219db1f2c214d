import TamisBits

/// What is wrong with a setting, before it is known where it stands: on a command line, in a recipe, in a call.
public struct SettingProblem: Error, Sendable, Equatable {
    /// The parameter it is about, where it is about one, for example `states`.
    public var parameter: String?
    /// What was found, and what was expected instead: one sentence without a final stop.
    public var message: String
    /// What to do, where there is something.
    public var advice: String?

    init(_ message: String, parameter: String? = nil, advice: String? = nil) {
        self.message = message
        self.parameter = parameter
        self.advice = advice
    }

    /// All of it in one sentence.
    public var sentence: String { (parameter.map { "\($0) " } ?? "") + message + (advice.map { "; \($0)" } ?? "") }

    /// The problem as an error of a caller who gave the setting by itself.
    public var error: TamisError { TamisError(.invalidArgument, (parameter.map { "\($0) " } ?? "") + message, advice: advice) }
}
