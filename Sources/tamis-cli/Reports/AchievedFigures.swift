import Tamis

/// How close the coded weights really are, as the encoder measured it.
struct AchievedFigures {
    /// As `--quality` has it; infinite if nothing was lost, nil if it was not measured.
    private let quality: Double?
    /// In decibels, over the tensors of two or more dimensions together; infinite if nothing was lost, nil if it was not measured.
    private let signalToNoise: Double?

    init(_ report: EncodingReport) {
        quality = report.quality
        signalToNoise = report.snr
    }

    /// To go behind the sizes; empty if nothing was measured, or nothing lost.
    var words: String {
        [("quality", quality), ("SNR", signalToNoise)].map { name, decibels in
            decibels.map { $0.isFinite ? ", \(name) \(Decimal.fixed($0, 2)) dB" : "" } ?? ""
        }.joined()
    }

    /// `null` for what is infinite or was not measured.
    var members: [(key: String, value: JSONValue)] { [("quality_db", JSONValue(quality)), ("snr_db", JSONValue(signalToNoise))] }
}
