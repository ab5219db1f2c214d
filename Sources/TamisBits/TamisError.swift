/// The one error of the library: what went wrong, where in the bytes, what was expected, and what to do.
///
/// A value of this type is thrown by every public function that can fail. `code` is stable and meant for programs;
/// the rest is meant for people. The command line adds the file's name and turns `family` into an exit code.
public struct TamisError: Error, Sendable, Equatable {
    /// What a caller can do about an error.
    public enum Family: String, Sendable {
        /// The bytes are not what the Spec allows: damaged, truncated or never sound.
        case malformed
        /// The bytes are sound, but this version cannot read them.
        case unsupported
        /// The bytes ask for more than the limits given to the decoder.
        case limit
        /// The caller asked for something that makes no sense.
        case misuse
        /// The operating system refused to read or write.
        case io
        /// The caller asked to stop.
        case cancelled
    }

    /// A stable identifier of the fault; its family follows from it.
    public enum Code: String, Sendable, CaseIterable {
        case notTamis = "not_tamis"
        case truncated
        case headerChecksum = "header_checksum"
        case payloadChecksum = "payload_checksum"
        case streamHash = "stream_hash"
        case tensorDigest = "tensor_digest"
        case fileDigest = "file_digest"
        case valueOutOfRange = "value_out_of_range"
        case overlongInteger = "overlong_integer"
        case unitOrder = "unit_order"
        case duplicate
        case missing
        case trailingBytes = "trailing_bytes"
        case lengthMismatch = "length_mismatch"
        case invalidText = "invalid_text"
        case invalidCodeword = "invalid_codeword"
        case invalidCompressedData = "invalid_compressed_data"
        case expansionRatio = "expansion_ratio"
        case levelExceeded = "level_exceeded"
        case invalidModel = "invalid_model"
        case invalidRecipe = "invalid_recipe"
        case invalidSensitivities = "invalid_sensitivities"
        case invalidSafetensors = "invalid_safetensors"
        case invalidStatistics = "invalid_statistics"
        case unknownUnit = "unknown_unit"
        case unknownVersion = "unknown_version"
        case unknownProfile = "unknown_profile"
        case unsupportedFeature = "unsupported_feature"
        case limitExceeded = "limit_exceeded"
        case invalidArgument = "invalid_argument"
        case noSuchTensor = "no_such_tensor"
        case noInput = "no_input"
        case outputExists = "output_exists"
        case cannotCreate = "cannot_create"
        case inputOutput = "input_output"
        case cancelled

        public var family: Family {
            switch self {
            case .unknownUnit, .unknownVersion, .unknownProfile, .unsupportedFeature: .unsupported
            case .limitExceeded: .limit
            case .invalidArgument, .noSuchTensor: .misuse
            case .noInput, .outputExists, .cannotCreate, .inputOutput: .io
            case .cancelled: .cancelled
            default: .malformed
            }
        }
    }

    public var code: Code
    /// The file the bytes came from, where known.
    public var file: String?
    /// The unit of the stream, for example `data_unit[3]`, where known.
    public var unit: String?
    /// The syntax element being read, by its name in the Spec, where known.
    public var element: String?
    /// Byte offset from the start of the file at which the fault was seen, where known.
    public var byteOffset: UInt64?
    /// What was found, and what was expected instead: one sentence without a final stop.
    public var message: String
    /// What the reader of the message can do, where there is something.
    public var advice: String?

    @inline(never)
    public init(
        _ code: Code, _ message: String, file: String? = nil, unit: String? = nil, element: String? = nil,
        byteOffset: UInt64? = nil, advice: String? = nil
    ) {
        self.code = code
        self.message = message
        self.file = file
        self.unit = unit
        self.element = element
        self.byteOffset = byteOffset
        self.advice = advice
    }

    public var family: Family { code.family }
}

extension TamisError: CustomStringConvertible {
    public var description: String {
        var place: [String] = []
        if let file { place.append(file) }
        if let unit { place.append(unit) }
        if let element { place.append(element) }
        if let byteOffset { place.append("byte \(byteOffset)") }
        var text = place.isEmpty ? message : place.joined(separator: ", ") + ": " + message
        text += " [\(code.rawValue)]"
        if let advice { text += "; " + advice }
        return text
    }
}
