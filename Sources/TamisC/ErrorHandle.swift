import CTamis
import TamisBits

/// What is behind a `tamis_error`.
final class ErrorHandle: Sendable {
    let status: tamis_status
    let code: CText
    let message: CText
    let reason: CText
    let file: CText?
    let unit: CText?
    let element: CText?
    let byteOffset: Int64
    let advice: CText?

    init(_ error: TamisError) {
        status = tamis_status(error.family)
        code = CText(error.code.rawValue)
        message = CText(error.description)
        reason = CText(error.message)
        file = error.file.map(CText.init)
        unit = error.unit.map(CText.init)
        element = error.element.map(CText.init)
        byteOffset = error.byteOffset.flatMap { Int64(exactly: $0) } ?? -1
        advice = error.advice.map(CText.init)
    }
}

extension tamis_status {
    init(_ family: TamisError.Family) {
        self =
            switch family {
            case .malformed: TAMIS_MALFORMED
            case .unsupported: TAMIS_UNSUPPORTED
            case .limit: TAMIS_LIMIT
            case .misuse: TAMIS_MISUSE
            case .io: TAMIS_IO
            case .cancelled: TAMIS_CANCELLED
            }
    }
}

/// Where a caller wants an error; it may not.
public typealias ErrorPlace = UnsafeMutablePointer<OpaquePointer?>?

/// Runs what a function of the header does, and answers as all of them do.
func answer(_ place: ErrorPlace, _ body: () throws(TamisError) -> Void) -> tamis_status {
    answerStatus(place) { () throws(TamisError) in
        try body()
        return TAMIS_OK
    }
}

/// As `answer`, for what may end well in several ways.
func answerStatus(_ place: ErrorPlace, _ body: () throws(TamisError) -> tamis_status) -> tamis_status {
    place?.pointee = nil
    do throws(TamisError) {
        return try body()
    } catch {
        place?.pointee = Handle.retained(ErrorHandle(error))
        return tamis_status(error.family)
    }
}
