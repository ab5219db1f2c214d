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

    /// What a waiver may expect.
    package static let waivable = allCases.filter { !$0.isSuccess && $0 != .unexpectedPass && $0 != .unknownWaiver }

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
