import TamisBits

/// How the process ends: the numbers of `sysexits.h` where there is one.
enum ExitStatus: Int32 {
    case success = 0
    /// `compare` or `verify --against` found a difference.
    case difference = 1
    case usage = 64
    case badData = 65
    case noInput = 66
    case unsupported = 69
    case internalFault = 70
    case cannotCreate = 73
    case inputOutput = 74
    case limit = 77

    init(_ error: TamisError) {
        self =
            switch (error.code, error.family) {
            case (.noInput, _): .noInput
            case (.outputExists, _), (.cannotCreate, _): .cannotCreate
            case (_, .malformed): .badData
            case (_, .unsupported): .unsupported
            case (_, .limit): .limit
            case (_, .misuse): .usage
            case (_, .io): .inputOutput
            // Nobody cancels at the command line.
            case (_, .cancelled): .internalFault
            }
    }
}
