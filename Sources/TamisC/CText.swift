import Glibc

/// Text for C, which lives as long as this object.
final class CText: @unchecked Sendable {
    /// UTF-8 that ends in a zero byte.
    let pointer: UnsafePointer<CChar>

    init(_ text: String) {
        let bytes = text.utf8CString
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        for (place, byte) in bytes.enumerated() { copy[place] = byte }
        pointer = UnsafePointer(copy)
    }

    deinit { pointer.deallocate() }
}

extension StaticString {
    /// For C; lives for ever.
    var cText: UnsafePointer<CChar> { UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self) }
}
