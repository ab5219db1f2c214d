/// What a caller asks of the encoder.
public struct EncodingOptions: Sendable, Equatable {
    /// How fine the tensors are quantized.
    public enum Target: Sendable, Equatable {
        /// −10 · log10 ε, where ε is the sum over all quantized tensors of the squared error relative to the variance: each
        /// tensor's step is proportional to σ · √n. More is better; 15 loses little accuracy on most networks.
        case quality(decibels: Double)
        /// One absolute step for all tensors.
        case step(Float)
    }

    public var target: Target
    /// Relative deadzone δ of the quantizer, 0 … 1, snapped to 256ths: ½ is rounding to nearest (midtread), 0 has no zero cell (midrise).
    public var deadzone: Double
    /// Globs over tensor names; a tensor that matches one is kept bit-exact.
    public var exclusions: [String]
    /// Binary logarithm of the elements in a slice, 4 … 20.
    public var sliceElementsLog2: Int
    /// Words about how the file is made, kept in it: encoder and options.
    public var encoderName: String
    public var provenance: String

    /// In decibels.
    public static let defaultQuality = 15.0

    public init(
        target: Target = .quality(decibels: EncodingOptions.defaultQuality), deadzone: Double = 0.5, exclusions: [String] = [],
        sliceElementsLog2: Int = 16, encoderName: String = "", provenance: String = ""
    ) {
        self.target = target
        self.deadzone = deadzone
        self.exclusions = exclusions
        self.sliceElementsLog2 = sliceElementsLog2
        self.encoderName = encoderName
        self.provenance = provenance
    }
}
