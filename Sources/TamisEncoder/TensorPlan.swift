/// How a tensor is coded.
enum TensorPlan: Sendable {
    /// Bit-exact, with the reason in words.
    case exact(String)
    /// By indices.
    case quantized(TensorQuantizer)

    var quantizer: TensorQuantizer? {
        if case .quantized(let quantizer) = self { return quantizer }
        return nil
    }
}
