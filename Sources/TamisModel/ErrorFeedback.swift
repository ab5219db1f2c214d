/// By what it was known which errors of a tensor's weights hide each other at the outputs of its layer.
public enum ErrorFeedback: String, Sendable {
    /// Each weight was quantized for itself.
    case none
    /// By the inputs that such layers have as a rule.
    case synthetic
    /// By measured inputs.
    case measured
}
