import TamisModel

/// The second moments that the inputs of a layer have as a rule: a Kronecker product A ⊗ B, A over input channels with 1 on the
/// diagonal and ρ elsewhere, B over the taps of a kernel with r^distance (Spec/rationale/0014).
struct SyntheticMoments: Sendable, Equatable {
    let channels: Int
    /// Taps along each axis of the kernel that has more than one.
    let kernel: [Int]
    /// ρ, 0 ..< 1.
    let channelCorrelation: Double
    /// r, 0 ..< 1.
    let tapCorrelation: Double

    var taps: Int { kernel.reduce(1, *) }

    /// ρ where no input is negative, where inputs have both signs or are not known, and of a model's input; r of a layer's inputs and
    /// of a model's.
    private static let nonNegativeChannels = 0.2
    private static let signedChannels = 0.05
    private static let modelInputChannels = 0.7
    private static let layerTaps = 0.8
    private static let modelInputTaps = 0.95

    init(_ role: LayerRole, _ shape: Shape) {
        channels = role.inputAxes.reduce(1) { $0 * Int(shape.dimensions[$1]) }
        kernel = role.kernelAxes.map { Int(shape.dimensions[$0]) }.filter { $0 > 1 }
        let isModelInput = role.inputSign == .modelInput && !role.kernelAxes.isEmpty
        tapCorrelation = isModelInput ? Self.modelInputTaps : Self.layerTaps
        channelCorrelation =
            channels == 1
            ? 0 : isModelInput ? Self.modelInputChannels : role.inputSign == .nonNegative ? Self.nonNegativeChannels : Self.signedChannels
    }

    init(channels: Int, kernel: [Int], channelCorrelation: Double, tapCorrelation: Double) {
        self.channels = channels
        self.kernel = kernel
        self.channelCorrelation = channelCorrelation
        self.tapCorrelation = tapCorrelation
    }

    /// The same with B = I.
    var withIndependentTaps: SyntheticMoments {
        SyntheticMoments(channels: channels, kernel: kernel, channelCorrelation: channelCorrelation, tapCorrelation: 0)
    }

    /// B, row by row.
    var tapMoments: [Double] {
        let taps = taps
        return (0..<(taps * taps)).map { place in
            var (first, second) = place.quotientAndRemainder(dividingBy: taps)
            var squares = 0
            for size in kernel.reversed() {
                let difference = first % size - second % size
                squares += difference * difference
                first /= size
                second /= size
            }
            if squares == 0 { return 1 }
            return tapCorrelation > 0 ? PortableMath.exp2(PortableMath.log2(tapCorrelation) * Double(squares).squareRoot()) : 0
        }
    }
}
