/// How a tensor is to be coded, as far as that follows from the options and simple statistics.
enum TensorPlan: Sendable, Equatable {
    /// Bit-exact, with the reason in words.
    case exact(String)
    /// By indices of this step.
    case quantized(step: Float)

    var isQuantized: Bool {
        if case .quantized = self { return true }
        return false
    }
}
