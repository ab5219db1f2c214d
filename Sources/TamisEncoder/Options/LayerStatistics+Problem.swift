import TamisModel

extension LayerStatistics {
    /// The first of a model's statistics, by name in the order of UTF-8, that cannot be those of the tensor's layer, and why: a sentence
    /// without a final stop. Nil if all can.
    ///
    /// - Parameter statistics: by the names of weight tensors.
    public static func misfit(_ statistics: [String: LayerStatistics], of model: SourceModel) -> (name: String, problem: String)? {
        let numbers = Dictionary(model.tensors.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        for (name, own) in statistics.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            guard let number = numbers[name] else { return (name, "the model has no such tensor") }
            if let problem = own.problem(role: model.role(of: number), shape: model.tensors[number].shape) { return (name, problem) }
        }
        return nil
    }

    /// Why these statistics cannot be those of a tensor's layer, as a sentence without a final stop; nil if they can.
    ///
    /// - Parameters:
    ///   - role: of the tensor; nil if it is not known.
    ///   - shape: of the tensor.
    func problem(role: LayerRole?, shape: Shape) -> String? {
        guard let role, role.consumer.multipliesInputs else {
            return "its layer is not one that statistics can be used for, expected a convolution, matrix product or recurrent layer"
        }
        if UInt64(groups) != role.groups { return "the statistics have \(Self.count(UInt64(groups), "group")), its layer has \(role.groups)" }
        let weights = role.weightCount(of: shape)
        if UInt64(inputs) != weights {
            return "the statistics are of \(Self.count(UInt64(inputs), "weight")) for each output, its layer has \(weights)"
        }
        let outputs = role.outputCount(of: shape)
        if !biasCorrection.isEmpty && UInt64(biasCorrection.count) != outputs {
            return "the statistics correct the bias of \(Self.count(UInt64(biasCorrection.count), "output")), its layer has \(outputs)"
        }
        return nil
    }

    private static func count(_ number: UInt64, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}

extension LayerRole.Consumer {
    /// Whether each output is a sum of inputs times weights, as second moments of the inputs are about.
    fileprivate var multipliesInputs: Bool {
        switch self {
        case .convolution, .gemm, .matMul, .recurrentInput, .recurrentState: true
        // Weights of an output are neither next to each other nor a line apart.
        case .transposedConvolution, .gather, .bias, .other: false
        }
    }
}
