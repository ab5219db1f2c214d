import Tamis

/// How close the coded weights really are, as the encoder measured it.
struct AchievedFigures {
    /// The sum over the quantized tensors of their mean squared error relative to their variance; nil if it was not measured.
    private let relativeError: Double?
    /// In decibels, over the tensors of two or more dimensions together; nil if it was not measured, or there is no error at all.
    private let signalToNoise: Double?

    /// The one place that knows what the encoder measures.
    init(_ report: EncodingReport) {
        relativeError = nil
        signalToNoise = nil
    }

    /// As `--quality` has it.
    private var quality: Double? { relativeError.flatMap { SignalToNoise.decibels(signal: 1, noise: $0) } }

    /// To go behind the sizes; empty if nothing was measured.
    var words: String {
        let figures = [quality.map { "quality \(Decimal.fixed($0, 2)) dB" }, signalToNoise.map { "SNR \(Decimal.fixed($0, 2)) dB" }].compactMap { $0 }
        return figures.isEmpty ? "" : ", " + figures.joined(separator: ", ")
    }

    var members: [(key: String, value: JSONValue)] { [("quality_db", JSONValue(quality)), ("snr_db", JSONValue(signalToNoise))] }
}
