import TamisBits
import TamisDigest
import TamisEncoder
import TamisModel
import TamisSafetensors

/// Measured statistics of the inputs of a model's layers: a safetensors file laid out as `docs/statistics.md` says.
public struct StatisticsFile: Sendable {
    /// `format` in the file's `__metadata__`.
    static let format = "tamis-statistics"
    /// `version` in the file's `__metadata__`.
    static let version = "1"

    /// By the names of weight tensors. They refer to the bytes of the file.
    public let layers: [String: LayerStatistics]
    /// SHA-256 of the file, in hexadecimal digits.
    public let digest: String
    /// The file's name, for errors.
    private let file: String?

    /// Reads a file, and looks at every number in it.
    ///
    /// - Parameters:
    ///   - bytes: the whole file; must stay valid and unchanged as long as the statistics are used.
    ///   - file: its name, for errors.
    /// - Throws: `invalid_safetensors`, `truncated` or `limit_exceeded` if it is no sound safetensors file; `unknown_version` if it
    ///   is for a later version of this software; `invalid_statistics` with the name of the tensor for anything else than the layout allows.
    public init(_ bytes: ByteView, file: String? = nil) throws(TamisError) {
        layers = try Self.layers(bytes, file: file)
        digest = Hexadecimal.text(SHA256.of(bytes.buffer))
        self.file = file
    }

    /// - Throws: `invalid_statistics` with the tensor's name if the file has statistics of a tensor that `model` does not have, or
    ///   whose layer they do not fit.
    public func requireFit(_ model: SourceModel) throws(TamisError) {
        guard let misfit = LayerStatistics.misfit(layers, of: model) else { return }
        throw TamisError(
            .invalidStatistics, misfit.problem, file: file, element: Self.quoted(misfit.name),
            advice: "take statistics that were measured with this model; 'tamis inspect' lists its tensors")
    }

    private static func layers(_ bytes: ByteView, file: String?) throws(TamisError) -> [String: LayerStatistics] {
        do {
            let container = try SafetensorsFile(bytes: bytes, file: file)
            try checkMetadata(container.metadata, file: file)
            return try StatisticsReader(bytes: bytes, file: file).layers(container.entries)
        } catch {
            var error = error
            error.advice = error.advice ?? "the file is damaged, or not laid out as docs/statistics.md says; tamis-study calibrate measures statistics"
            throw error
        }
    }

    private static func checkMetadata(_ metadata: [String: String], file: String?) throws(TamisError) {
        if metadata["format"] != format {
            let found = metadata["format"].map { "the format '\($0.prefix(60))'" } ?? "no format"
            throw TamisError(
                .invalidStatistics, "names \(found) in __metadata__, expected '\(format)'", file: file, advice: "tamis-study calibrate measures statistics")
        }
        if metadata["version"] != version {
            let found = metadata["version"].map { "the version '\($0.prefix(60))'" } ?? "no version"
            throw TamisError(
                .unknownVersion, "names \(found) of statistics in __metadata__, expected '\(version)'", file: file,
                advice: "use the version of tamis that the file was made for, or measure anew")
        }
    }

    /// A name as errors have it.
    static func quoted(_ name: some StringProtocol) -> String { "'\(name.prefix(200))'" }
}
