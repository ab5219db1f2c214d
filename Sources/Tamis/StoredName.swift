import TamisBits

/// What a stream calls the file of a model.
///
/// It becomes part of the stream, so it must not depend on tables of Unicode, which differ between versions of the system.
public enum StoredName {
    /// The name of an ONNX model that came without one.
    public static let defaultModel = "model.onnx"
    /// As above, in safetensors.
    public static let defaultSafetensors = "model.safetensors"

    /// The name of the file at `path`, without control characters and backslashes, at most 255 bytes.
    ///
    /// Slashes are looked for in the bytes, as the system does: a combining mark after one would hide it in a `Character`.
    public static func of(path: String) -> String {
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.utf8.index(after: $0)...] } ?? path[...]
        var stored = String.UnicodeScalarView()
        var byteCount = 0
        for scalar in name.unicodeScalars {
            let kept = isControl(scalar) || scalar == "\\" ? "_" : scalar
            byteCount += UTF8.width(kept)
            if byteCount > 255 { break }
            stored.append(kept)
        }
        return stored.isEmpty ? defaultModel : String(stored)
    }

    /// The name of a model whose bytes came without one.
    public static func of(_ model: ByteView) -> String { ModelFormat(of: model) == .safetensors ? defaultSafetensors : defaultModel }

    /// A control character of ASCII or Latin-1, whatever tables of Unicode say.
    public static func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) }
}
