import TamisBits

/// What was measured of the inputs that meet a tensor's weights.
///
/// With x the inputs that the n weights of one output are multiplied with, and H = E[x · xᵀ] over all samples and places: H = U · Uᵀ
/// with U upper triangular, one for each group of a grouped convolution. The weights of an output are numbered in C order over the
/// tensor's input and kernel axes.
public struct LayerStatistics: Sendable {
    /// Groups, 1 unless the layer is a grouped convolution.
    public let groups: Int
    /// n, the weights of one output.
    public let inputs: Int
    /// U of each group, one row after the other: groups × n × n little-endian float32. Finite; zero below the diagonal; positive on it.
    public let factor: ByteView
    /// The weight that line i of U is about, a permutation of 0 ..< n; empty: in the order of the weights.
    public let order: [Int]
    /// E[x] of each group in the order of U's lines: groups × n; empty if not known.
    public let mean: [Float]
    /// What is added to the layer's bias besides what the encoder finds by itself, one for each output; empty if nothing.
    public let biasCorrection: [Float]

    /// - Parameter factor: must stay valid as long as the statistics are used.
    public init(groups: Int, inputs: Int, factor: ByteView, order: [Int] = [], mean: [Float] = [], biasCorrection: [Float] = []) {
        self.groups = groups
        self.inputs = inputs
        self.factor = factor
        self.order = order
        self.mean = mean
        self.biasCorrection = biasCorrection
    }
}
