/// Whether the error of a weight is hidden from its layer's output by the weights that are quantized after it
/// (Spec/rationale/0014).
public enum FeedbackChoice: String, Sendable, CaseIterable {
    /// Every weight is quantized for itself.
    case none
    /// Against the second moments that inputs of such layers have as a rule, mixed with measured ones where these are given.
    case synthetic
}
