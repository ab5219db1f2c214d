import CTamis

@c @implementation public func tamis_status_name(_ status: tamis_status) -> UnsafePointer<CChar>? {
    let name: StaticString =
        switch status {
        case TAMIS_OK: "ok"
        case TAMIS_MALFORMED: "malformed"
        case TAMIS_UNSUPPORTED: "unsupported"
        case TAMIS_LIMIT: "limit"
        case TAMIS_MISUSE: "misuse"
        case TAMIS_IO: "io"
        case TAMIS_CANCELLED: "cancelled"
        case TAMIS_AGAIN: "again"
        case TAMIS_END: "end"
        default: "unknown"
        }
    return name.cText
}

private let noText: StaticString = ""

private func content(_ error: OpaquePointer?) -> ErrorHandle? { Handle.object(error) }

@c @implementation public func tamis_error_status(_ error: OpaquePointer?) -> tamis_status { content(error)?.status ?? TAMIS_OK }

@c @implementation public func tamis_error_code(_ error: OpaquePointer?) -> UnsafePointer<CChar>? { content(error)?.code.pointer ?? noText.cText }

@c @implementation public func tamis_error_message(_ error: OpaquePointer?) -> UnsafePointer<CChar>? { content(error)?.message.pointer ?? noText.cText }

@c @implementation public func tamis_error_reason(_ error: OpaquePointer?) -> UnsafePointer<CChar>? { content(error)?.reason.pointer ?? noText.cText }

@c @implementation public func tamis_error_file(_ error: OpaquePointer?) -> UnsafePointer<CChar>? { content(error)?.file?.pointer }

@c @implementation public func tamis_error_unit(_ error: OpaquePointer?) -> UnsafePointer<CChar>? { content(error)?.unit?.pointer }

@c @implementation public func tamis_error_element(_ error: OpaquePointer?) -> UnsafePointer<CChar>? { content(error)?.element?.pointer }

@c @implementation public func tamis_error_byte_offset(_ error: OpaquePointer?) -> Int64 { content(error)?.byteOffset ?? -1 }

@c @implementation public func tamis_error_advice(_ error: OpaquePointer?) -> UnsafePointer<CChar>? { content(error)?.advice?.pointer }

@c @implementation public func tamis_error_free(_ error: OpaquePointer?) { Handle.release(error, ErrorHandle.self) }
