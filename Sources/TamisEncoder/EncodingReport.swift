import TamisModel

/// What the encoder did that the stream itself does not say.
public struct EncodingReport: Sendable, Equatable {
    /// A tensor kept bit-exact, and why.
    public struct ExactTensor: Sendable, Equatable {
        public let name: String
        /// Words that complete "kept exact because", for example `it has values that are not finite`.
        public let reason: String
    }

    /// In the order of the model file.
    public let exactTensors: [ExactTensor]
    /// Bytes of the stream.
    public let byteCount: UInt64

    init(plans: [TensorPlan], tensors: [TensorDescription], byteCount: UInt64) {
        var exact: [ExactTensor] = []
        for (plan, tensor) in zip(plans, tensors) {
            if case .exact(let reason) = plan { exact.append(ExactTensor(name: tensor.name, reason: reason)) }
        }
        exactTensors = exact
        self.byteCount = byteCount
    }
}
