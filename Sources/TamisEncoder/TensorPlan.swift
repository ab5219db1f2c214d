/// How a tensor is coded.
enum TensorPlan: Sendable {
    /// Bit-exact, with the reason in words.
    case exact(String)
    /// By indices.
    ///
    /// - `excess`: what the squared step is times that which the target asks for, because a grid of integers reaches no further; else 1.
    case quantized(TensorQuantizer, excess: Double = 1)

    var quantizer: TensorQuantizer? {
        if case .quantized(let quantizer, _) = self { return quantizer }
        return nil
    }

    var excess: Double {
        if case .quantized(_, let excess) = self { return excess }
        return 1
    }
}
