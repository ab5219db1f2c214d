/// How a tensor is treated; what is nil is left to the effort and the target.
public struct TensorSettings: Sendable, Equatable {
    /// nil: what the effort says (Spec/rationale: rounding, rate–distortion optimised rounding, or a trellis).
    public var quantizer: QuantizerChoice?
    public var pruning: Pruning?
    /// A step of its own, in place of the target's; for quantizers that have a step.
    public var step: Float?
    /// Sensitivity: see `EncodingOptions.sensitivities`.
    public var weight: Double?

    public init(quantizer: QuantizerChoice? = nil, pruning: Pruning? = nil, step: Float? = nil, weight: Double? = nil) {
        self.quantizer = quantizer
        self.pruning = pruning
        self.step = step
        self.weight = weight
    }

    /// Takes over what `other` says.
    package mutating func apply(_ other: TensorSettings) {
        quantizer = other.quantizer ?? quantizer
        pruning = other.pruning ?? pruning
        step = other.step ?? step
        weight = other.weight ?? weight
    }
}

/// Settings for the tensors whose names match a pattern.
public struct TensorRule: Sendable, Equatable {
    /// `*` stands for any text, `?` for one character.
    public var pattern: String
    public var settings: TensorSettings

    public init(pattern: String, settings: TensorSettings) {
        self.pattern = pattern
        self.settings = settings
    }
}
