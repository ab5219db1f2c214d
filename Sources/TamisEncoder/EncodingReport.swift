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
    /// Names of tensors whose steps would be finer if the grid of integers that was asked for reached further, in the same order. The target
    /// is one for the others.
    public let boundTensors: [String]
    /// Bytes of the stream.
    public let byteCount: UInt64
    let distortion: Distortion
    /// The sum over the quantized tensors of their mean squared error over their variance; of a shard, over its own.
    public var relativeError: Double { distortion.relativeError }
    /// The quality that came out: −10 · log10 of the relative error; infinite if nothing was lost.
    public var quality: Double { distortion.quality }
    /// 10 · log10 of the weights' energy over that of their error, over float32 tensors of two or more dimensions; infinite if nothing
    /// was lost.
    public var snr: Double { distortion.snr }

    init(plans: [TensorPlan], tensors: [TensorDescription], boundTensors: [String], byteCount: UInt64, distortion: Distortion) {
        var exact: [ExactTensor] = []
        for (plan, tensor) in zip(plans, tensors) {
            if case .exact(let reason) = plan { exact.append(ExactTensor(name: tensor.name, reason: reason)) }
        }
        exactTensors = exact
        self.boundTensors = boundTensors
        self.byteCount = byteCount
        self.distortion = distortion
    }
}
