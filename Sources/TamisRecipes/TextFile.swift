import TamisBits

/// Text from bytes, for readers of settings.
package enum TextFile {
    /// - Throws: `code` if `bytes` are not UTF-8, with the line.
    package static func text(_ bytes: [UInt8], _ code: TamisError.Code, file: String?) throws(TamisError) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        if text.utf8.elementsEqual(bytes) { return text }
        // What is no UTF-8 was replaced, so the first difference is where it stands.
        let sound = zip(text.utf8, bytes).prefix { $0 == $1 }.count
        let line = 1 + bytes.prefix(sound).count { $0 == 0x0A }
        throw TamisError(
            code, "is not UTF-8 text", file: file, unit: "line \(line)", byteOffset: UInt64(sound), advice: "save the file as UTF-8")
    }
}
