import TamisModel

/// What a caller asks of the encoder.
public struct EncodingOptions: Sendable {
    /// What the steps of the tensors are chosen for. Each is met within 1 %, closeness of a model above 64 MiB within 2 %; a size is never
    /// exceeded.
    public enum Target: Sendable, Equatable {
        /// −10 · log10 ε, where ε is the sum over all quantized tensors of the mean squared error relative to the variance. More is
        /// better; 15 loses little accuracy on most networks. −20 … 120.
        case quality(decibels: Double)
        /// Bits of the whole stream per element of the source's floating-point tensors. 0.01 … 40.
        case bitsPerWeight(Double)
        /// Bytes of the whole stream, at the most.
        case size(bytes: UInt64)
        /// 10 · log10 of the weights' energy over that of their error, over all float32 tensors of two or more dimensions together.
        case snr(decibels: Double)
        /// One absolute step for all tensors.
        case step(Float)
        /// Decoding gives back the same files, bit by bit.
        case lossless
    }

    /// How fine the tensors are against each other.
    public enum Allocation: String, Sendable, CaseIterable {
        /// Steps ∝ σ · √n: the least rate for a sum of relative errors (Spec/rationale/0008).
        case balanced
        /// One step for all tensors: the least rate for a sum of plain errors.
        case global
    }

    public var target: Target
    /// The part of the model that the stream is to hold; nil: all of it. Not with a target that all shards have to meet together
    /// (bits per weight, size).
    public var shard: Shard?
    public var allocation: Allocation
    /// How hard the encoder looks for fewer bits, 1 … 9; it does not slow the decoder down.
    public var effort: Int
    /// How all tensors are treated, unless `rules` say otherwise.
    public var settings: TensorSettings
    /// Settings for tensors by name; all rules that match apply, later ones over earlier ones.
    public var rules: [TensorRule]
    /// Weights of tensors by name, against 1 for the others: a tensor of weight w gets a step smaller by √w.
    public var sensitivities: [String: Double]
    /// nil: synthetic where the effort and the target allow, see `EffortProfile`.
    public var feedback: FeedbackChoice?
    /// Measured inputs of layers, by the names of their weight tensors; they ask for feedback unless it is `none`.
    public var statistics: [String: LayerStatistics]
    /// Weights of two or more dimensions get no reconstruction offset, and steps no finer than these integers reach with; nil: as is best.
    /// For quantizers that search or round to nearest.
    public var grid: IntegerGrid?
    /// Globs over tensor names; a tensor that matches one is kept bit-exact.
    public var exclusions: [String]
    /// Binary logarithm of the elements in a slice, 4 … 20.
    public var sliceElementsLog2: Int
    /// Words about how the file is made, kept in it: encoder and options.
    public var encoderName: String
    public var provenance: String

    /// In decibels.
    public static let defaultQuality = 15.0
    /// A good part of what there is to gain.
    public static let defaultEffort = 5
    /// What `effort` may be.
    public static let effortRange: ClosedRange<Int> = 1...9

    public init(
        target: Target = .quality(decibels: EncodingOptions.defaultQuality), allocation: Allocation = .balanced,
        effort: Int = EncodingOptions.defaultEffort, settings: TensorSettings = TensorSettings(), rules: [TensorRule] = [],
        sensitivities: [String: Double] = [:], feedback: FeedbackChoice? = nil, statistics: [String: LayerStatistics] = [:],
        grid: IntegerGrid? = nil, exclusions: [String] = [], sliceElementsLog2: Int = 16, encoderName: String = "", provenance: String = "",
        shard: Shard? = nil
    ) {
        self.target = target
        self.allocation = allocation
        self.effort = effort
        self.settings = settings
        self.rules = rules
        self.sensitivities = sensitivities
        self.feedback = feedback
        self.statistics = statistics
        self.grid = grid
        self.exclusions = exclusions
        self.sliceElementsLog2 = sliceElementsLog2
        self.encoderName = encoderName
        self.provenance = provenance
        self.shard = shard
    }
}

extension EncodingOptions {
    /// Errors are hidden where that is possible: as asked, else where steps may differ and the target is not about the weights themselves.
    var feedsErrorsBack: Bool {
        if let feedback { return feedback != .none }
        if !statistics.isEmpty { return true }
        return EffortProfile.level(effort).feedsErrorsBack && isAboutOutputs
    }

    /// What layers put out shall come near the original, not the weights themselves.
    var isAboutOutputs: Bool {
        guard allocation == .balanced else { return false }
        switch target {
        case .quality, .bitsPerWeight, .size: return true
        case .snr, .step, .lossless: return false
        }
    }
}
