import Tamis

/// How close the coded weights really are, as the encoder measured it.
struct AchievedFigures {
    /// As `--quality` has it; infinite if nothing was lost, nil if it was not measured.
    private let quality: Double?
    /// In decibels, over the tensors of two or more dimensions together; infinite if nothing was lost, nil if it was not measured.
    private let signalToNoise: Double?

    /// - Parameter shard: the part that was encoded, of which these figures say nothing; nil: all.
    init(_ report: EncodingReport, of shard: Shard?) {
        quality = shard == nil ? report.quality : nil
        signalToNoise = shard == nil ? report.snr : nil
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
