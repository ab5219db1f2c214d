import TamisEncoder

extension QuantizerChoice {
    /// Whether it is as fine as a step or the target says.
    var hasStep: Bool {
        switch self {
        case .uniform, .rateDistortion, .trellis: true
        case .muLaw(_, _, let levels): levels == nil
        case .minifloat, .half, .symmetric, .affine, .codebook, .exact: false
        }
    }
}
