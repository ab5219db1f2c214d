/// What a tensor does in its network: which operator consumes it, and what its axes mean there.
///
/// Axes are those of the tensor as stored, also where the consumer sees it transposed or reshaped. Any consumer but `other` is the
/// only one: a tensor that several nodes read, or one node twice, or that is an output of the model, has the role `other`.
public struct LayerRole: Sendable, Equatable {
    /// The operator that reads a tensor.
    public enum Consumer: Sendable, Equatable {
        case convolution
        /// The number of groups is 1 or the number of input channels.
        case transposedConvolution
        /// A matrix product with bias.
        case gemm
        case matMul
        /// LSTM, GRU or RNN, the matrix that meets the input: directions, gates × hidden, input.
        case recurrentInput
        /// LSTM, GRU or RNN, the matrix that meets the previous state: directions, gates × hidden, hidden.
        case recurrentState
        /// A table whose lines are looked up; nothing is summed.
        case gather
        /// What is added to the outputs of a layer, whose weight is the tensor of this number if that is a tensor of the model.
        case bias(of: Int?)
        /// Anything else, several consumers, or not known.
        case other
    }

    /// What is known of the values that the weights are multiplied with.
    public enum InputSign: Sendable, Equatable {
        /// None is negative, as behind a rectifier.
        case nonNegative
        /// Of both signs, as the output of a layer is.
        case signed
        /// The model's own input, perhaps scaled or shifted.
        case modelInput
        case unknown
    }

    public let consumer: Consumer

    /// First of the axes whose product is the number of outputs; these axes are the rows of the matrix view.
    public let outputAxis: Int
    /// 0 if the layer has a single output and no axis for it. Always 0 for `other`.
    public let outputAxisCount: Int

    /// Axes over input channels, ascending; of a grouped convolution, over those of one group. Empty for
    /// `gather` and for biases; for all other consumers, an axis that is neither output nor input nor kernel has one element.
    public let inputAxes: [Int]
    /// Axes over the taps of a kernel, ascending; empty if there is no kernel.
    public let kernelAxes: [Int]

    /// Groups of a convolution, else 1. Outputs are divided among them evenly, in order.
    public let groups: UInt64

    public let inputSign: InputSign

    /// Number of the tensor that is added to the outputs of the same layer and to nothing else, if it is a tensor of the model.
    ///
    /// It has one element for each output; for recurrent layers two in a row of twice the length, of each direction first those
    /// that belong to `recurrentInput`, then those of `recurrentState`.
    public let bias: Int?

    public init(
        consumer: Consumer, outputAxis: Int, outputAxisCount: Int, inputAxes: [Int] = [], kernelAxes: [Int] = [], groups: UInt64 = 1,
        inputSign: InputSign = .unknown, bias: Int? = nil
    ) {
        self.consumer = consumer
        self.outputAxis = outputAxis
        self.outputAxisCount = outputAxisCount
        self.inputAxes = inputAxes
        self.kernelAxes = kernelAxes
        self.groups = groups
        self.inputSign = inputSign
        self.bias = bias
    }

    /// The same role of a layer whose bias is tensor `number`.
    public func withBias(_ number: Int) -> LayerRole {
        LayerRole(
            consumer: consumer, outputAxis: outputAxis, outputAxisCount: outputAxisCount, inputAxes: inputAxes, kernelAxes: kernelAxes,
            groups: groups, inputSign: inputSign, bias: number)
    }

    /// Nothing is known that could be used.
    public static let other = LayerRole(consumer: .other, outputAxis: 0, outputAxisCount: 0)

    /// Taps along each kernel axis, for a tensor of shape `shape`; axes that the shape does not have are left out.
    public func kernel(of shape: Shape) -> [UInt64] {
        kernelAxes.compactMap { shape.dimensions.indices.contains($0) ? shape.dimensions[$0] : nil }
    }
}

extension LayerRole {
    /// The axes whose product is the number of outputs, ascending.
    public var outputAxes: Range<Int> { outputAxis..<(outputAxis + outputAxisCount) }

    /// The axes whose product is the number of weights of one output, those of its inputs and of the kernel, ascending.
    public var weightAxes: [Int] { (inputAxes + kernelAxes).sorted() }

    /// Outputs of the layer.
    ///
    /// - Parameter shape: of the tensor; has the axes of this role.
    public func outputCount(of shape: Shape) -> UInt64 { outputAxes.reduce(1) { $0 * shape.dimensions[$1] } }

    /// Weights of one output.
    ///
    /// - Parameter shape: of the tensor; has the axes of this role.
    public func weightCount(of shape: Shape) -> UInt64 { weightAxes.reduce(1) { $0 * shape.dimensions[$1] } }
}
