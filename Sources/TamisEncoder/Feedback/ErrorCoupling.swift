import TamisModel

/// How the errors of the weights of one output add up at that output, in the order in which the weights are quantized.
///
/// With e the errors of an output's n weights and H the second moments of their inputs, the output's error is eᵀ · H · e. With
/// H = U · D · Uᵀ (`TriangularFactor`) that is Σ_j d_j · (e_j + Σ_{i<j} U_ij · e_i)²: quantizing w_j + Σ_{i<j} U_ij · e_i in place of
/// w_j hides the errors before it as well as may be. This is the recursion of Frantar et al., "GPTQ", 2023, after Hassibi and Stork,
/// "Optimal brain surgeon", 1993, in terms of H instead of its inverse.
struct ErrorCoupling: Sendable {
    enum Form: Sendable {
        case synthetic(KroneckerFactor)
        /// One factor for each group of outputs.
        case measured([TriangularFactor])
    }

    /// How the weights lie in the tensor.
    enum Layout: Sendable, Equatable {
        /// Those of an output next to each other.
        case along
        /// Those that meet the same input channel next to each other, of one output after the other: a line of the tensor.
        case across
    }

    let form: Form
    let layout: Layout
    /// Weights of one output, n.
    let columns: Int
    let outputs: Int
    /// The mean of d: the error at the output, once hidden, over that of independent errors.
    let meanWeight: Double

    init(_ form: Form, layout: Layout, columns: Int, outputs: Int, meanWeight: Double) {
        self.form = form
        self.layout = layout
        self.columns = columns
        self.outputs = outputs
        self.meanWeight = meanWeight
    }

    /// The factor of the synthetic moments: that of a Kronecker product is the product of the factors, and that of A has a closed form.
    /// With k channels to come after that of a column, all its entries above the diagonal are ρ ⁄ (1 + ρk), and
    /// d = (1 − ρ)(1 + ρk) ⁄ (1 − ρ + ρk).
    struct KroneckerFactor: Sendable {
        let channels: Int
        /// Weights per channel, next to each other.
        let taps: Int
        /// By the number of channels that follow.
        let channelGains: [Float]
        /// d over its mean, by the number of channels that follow; and the other factor of it, by tap.
        let channelWeights: [Float]
        let tapWeights: [Float]
        /// U of B, row by row.
        let tapGains: [Float]
        let meanWeight: Double

        init?(_ moments: SyntheticMoments) {
            let rho = moments.channelCorrelation
            guard let tapFactor = TriangularFactor(moments.tapMoments.map { Float($0) }, size: moments.taps), moments.channels > 0 else { return nil }
            channels = moments.channels
            taps = moments.taps
            channelGains = (0..<channels).map { Float(rho / (1 + rho * Double($0))) }
            let channelPart = (0..<channels).map { (1 - rho) * (1 + rho * Double($0)) / (1 - rho + rho * Double($0)) }
            let mean = channelPart.reduce(0, +) / Double(channels) * tapFactor.weights.reduce(0) { $0 + Double($1) } / Double(taps)
            channelWeights = channelPart.map { Float($0 / mean) }
            tapWeights = tapFactor.weights
            tapGains = tapFactor.gains
            meanWeight = mean
        }
    }

    var feedback: ErrorFeedback {
        switch form {
        case .synthetic: .synthetic
        case .measured: .measured
        }
    }

    /// Places in a line of the tensor, for the layout `across`.
    var lineWidth: Int {
        if case .synthetic(let factor) = form { return outputs * factor.taps }
        return outputs
    }

    /// d over its mean, for the places `range` of the coding order.
    func weights(of range: Range<Int>) -> [Float] {
        if layout == .across {
            return range.map { place in
                let line = place / lineWidth
                switch form {
                case .synthetic(let factor): return factor.channelWeights[factor.channels - 1 - line]
                case .measured(let factors): return factors[0].weights[line]
                }
            }
        }
        var weights: [Float] = []
        weights.reserveCapacity(range.count)
        for fragment in fragments(of: range) {
            let columns = fragment.column..<(fragment.column + fragment.count)
            switch form {
            case .synthetic(let factor):
                for column in columns {
                    let (channel, tap) = column.quotientAndRemainder(dividingBy: factor.taps)
                    weights.append(factor.channelWeights[factor.channels - 1 - channel] * factor.tapWeights[tap])
                }
            case .measured(let factors): weights += factors[fragment.group].weights[columns]
            }
        }
        return weights
    }

    /// Weights of one output that lie next to each other in a slice.
    struct Fragment: Sendable, Equatable {
        /// Place of the first weight, from the beginning of the slice.
        var start: Int
        var count: Int
        /// Column of the first weight.
        var column: Int
        /// Of the outputs, numbered group after group.
        var group: Int
    }

    /// The parts of rows that lie at `range` of the coding order, for the layout `along`. A slice is coded by itself: its
    /// parts of rows know nothing of the errors in others.
    func fragments(of range: Range<Int>) -> [Fragment] {
        var fragments: [Fragment] = []
        var rowsPerGroup = outputs
        if case .measured(let factors) = form { rowsPerGroup = max(outputs / factors.count, 1) }
        var place = range.lowerBound
        while place < range.upperBound {
            let (row, column) = place.quotientAndRemainder(dividingBy: columns)
            let count = min(columns - column, range.upperBound - place)
            fragments.append(Fragment(start: place - range.lowerBound, count: count, column: column, group: row / rowsPerGroup))
            place += count
        }
        return fragments
    }
}
