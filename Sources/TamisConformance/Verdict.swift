/// What the runner says of a decoder or an encoder under test, for one file.
package enum Verdict: String, Sendable, CaseIterable {
    case pass
    // Of decoders.
    case wrongResult = "wrong-result"
    case acceptedInvalid = "accepted-invalid"
    case refusedValid = "refused-valid"
    case wrongFamily = "wrong-family"
    case wrongCode = "wrong-code"
    case wrongPlace = "wrong-place"
    // Of encoders.
    case encoderFailed = "encoder-failed"
    case invalidStream = "invalid-stream"
    case wrongSource = "wrong-source"
    case wrongTensors = "wrong-tensors"
    case changedBits = "changed-bits"
    case wrongWeightError = "wrong-weight-error"
    // Of processes.
    case timeout
    case crash
    case protocolError = "protocol-error"
    // By the waivers.
    case waived
    case unexpectedPass = "unexpected-pass"
    case unknownWaiver = "unknown-waiver"

    package var isSuccess: Bool { self == .pass || self == .waived }

    private static let ofProcesses: [Verdict] = [.timeout, .crash, .protocolError]

    /// What a waiver may expect of a decoder.
    package static let ofDecoders: [Verdict] = [.wrongResult, .acceptedInvalid, .refusedValid, .wrongFamily, .wrongCode, .wrongPlace] + ofProcesses

    /// What a waiver may expect of an encoder.
    package static let ofEncoders: [Verdict] = [.encoderFailed, .invalidStream, .wrongSource, .wrongTensors, .changedBits, .wrongWeightError] + ofProcesses

    /// For people, with the word for waivers where that is another: `wrong code (wrong-code)`.
    package var namedWords: String {
        let isWaivable = Self.ofDecoders.contains(self) || Self.ofEncoders.contains(self)
        return isWaivable && words != rawValue ? "\(words) (\(rawValue))" : words
    }

    /// For people.
    package var words: String {
        switch self {
        case .pass: "pass"
        case .wrongResult: "wrong result"
        case .acceptedInvalid: "accepted what is invalid"
        case .refusedValid: "refused what is valid"
        case .wrongFamily: "wrong family"
        case .wrongCode: "wrong code"
        case .wrongPlace: "wrong place"
        case .encoderFailed: "encoder failed"
        case .invalidStream: "invalid stream"
        case .wrongSource: "wrong source"
        case .wrongTensors: "wrong tensors"
        case .changedBits: "changed bits"
        case .wrongWeightError: "wrong weight error"
        case .timeout: "timeout"
        case .crash: "crash"
        case .protocolError: "protocol error"
        case .waived: "waived"
        case .unexpectedPass: "unexpected pass"
        case .unknownWaiver: "unknown waiver"
        }
    }
}
