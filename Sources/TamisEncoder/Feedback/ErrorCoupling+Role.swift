import TamisModel

extension ErrorCoupling {
    /// Kernels with more taps are not coupled by synthetic moments.
    private static let mostTaps = 64
    /// Lines of fewer places are not searched one by one for the sake of synthetic moments: a trellis would end too often.
    private static let shortestLine = 64

    /// The coupling of a tensor with a role; nil if there is none that could be used.
    ///
    /// - Parameters:
    ///   - statistics: what was measured of the layer's inputs; must fit the role. Mixed with the synthetic moments half and half, each
    ///     with a mean diagonal of 1.
    init?(_ role: LayerRole, _ shape: Shape, statistics: LayerStatistics?) {
        switch role.consumer {
        case .convolution, .transposedConvolution, .gemm, .matMul, .recurrentInput, .recurrentState: break
        case .gather, .bias, .other: return nil
        }
        guard role.outputAxisCount > 0, let layout = Self.layout(role, shape) else { return nil }
        let moments = SyntheticMoments(role, shape)
        let outputs = Int(role.outputCount(of: shape))
        let columns = Int(role.weightCount(of: shape))
        if columns == 0 || outputs == 0 { return nil }
        if let statistics {
            guard let factors = statistics.factors(with: moments) else { return nil }
            let weights = factors.reduce(0) { $0 + $1.weights.reduce(0) { $0 + Double($1) } }
            let mean = weights / Double(columns * factors.count)
            let scaled = factors.map { TriangularFactor(size: $0.size, gains: $0.gains, weights: $0.weights.map { $0 / Float(mean) }) }
            self.init(.measured(scaled), layout: layout, columns: columns, outputs: outputs, meanWeight: mean)
        } else {
            if layout == .across && outputs * moments.taps < Self.shortestLine { return nil }
            if moments.taps > Self.mostTaps || (moments.channelCorrelation == 0 && moments.taps == 1) { return nil }
            // From line to line, errors of the same tap meet; taps do not.
            guard let factor = KroneckerFactor(layout == .along ? moments : moments.withIndependentTaps) else { return nil }
            self.init(.synthetic(factor), layout: layout, columns: columns, outputs: outputs, meanWeight: factor.meanWeight)
        }
    }

    /// Where the axes of outputs, inputs and kernel lie; nil for orders that no operator has.
    private static func layout(_ role: LayerRole, _ shape: Shape) -> Layout? {
        func isLarge(_ axis: Int) -> Bool { shape.dimensions[axis] > 1 }
        let inputs = role.inputAxes.filter(isLarge)
        let kernel = role.kernelAxes.filter(isLarge)
        let outputs = role.outputAxes.filter(isLarge)
        if let last = inputs.last, let first = kernel.first, last > first { return nil }
        if outputs.last ?? -1 < (inputs + kernel).first ?? .max { return .along }
        // A transposed convolution: the taps of an output are next to each other, and those of the next output follow.
        if inputs.last ?? -1 < outputs.first ?? .max && outputs.last ?? -1 < kernel.first ?? .max { return .across }
        return nil
    }
}
