import TamisBits

/// Tells what a file is that is not an ONNX model, so that the refusal can say it.
enum ForeignFormat {
    private static let signatures: [(offset: Int, bytes: [UInt8], name: String)] = [
        (0, [0xFF, 0xD8, 0xFF], "a JPEG image"),
        (0, [0x89, 0x50, 0x4E, 0x47], "a PNG image"),
        (0, Array("PK\u{3}\u{4}".utf8), "a ZIP archive (PyTorch and Keras save such files)"),
        (0, [0x89, 0x48, 0x44, 0x46], "an HDF5 file (older Keras versions save such files)"),
        (0, [0x1F, 0x8B], "a gzip archive"),
        (0, [0x28, 0xB5, 0x2F, 0xFD], "a zstd archive"),
        (0, [0x7F, 0x45, 0x4C, 0x46], "an ELF program or library"),
        (0, Array("GGUF".utf8), "a GGUF model"),
        (0, Array("%PDF".utf8), "a PDF document"),
        (0, [0x80, 0x02, 0x8A], "a Python pickle (older PyTorch versions save such files)"),
        (4, Array("TFL3".utf8), "a TensorFlow Lite model"),
        (4, Array("ORTM".utf8), "an ONNX Runtime model (.ort)"),
    ]

    /// What `file` is, or nil if its first bytes do not tell.
    static func name(of file: ByteView) -> String? {
        for signature in signatures where matches(file, signature.offset, signature.bytes) { return signature.name }
        // A safetensors file is a 64-bit length and JSON.
        if file.count > 8, file[8] == UInt8(ascii: "{"), file.load(0, as: UInt64.self) <= UInt64(file.count - 8) {
            return "a safetensors file"
        }
        if file.count >= 8 && isText(file[0..<min(file.count, 256)]) { return "a text file" }
        return nil
    }

    private static func matches(_ file: ByteView, _ offset: Int, _ bytes: [UInt8]) -> Bool {
        guard file.count >= offset + bytes.count else { return false }
        for index in bytes.indices where file[offset + index] != bytes[index] { return false }
        return true
    }

    private static func isText(_ part: ByteView) -> Bool {
        for index in 0..<part.count {
            switch part[index] {
            case 0x09, 0x0A, 0x0D, 0x20...0x7E: continue
            default: return false
            }
        }
        return true
    }
}
