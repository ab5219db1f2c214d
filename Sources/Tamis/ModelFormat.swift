import TamisBits
import TamisSyntax

/// What a file is, judged by its first bytes, never by its name.
public enum ModelFormat: Sendable {
    case tamis
    case onnx
    case safetensors
    /// The list of the files that a model in safetensors is divided into, which is JSON.
    case safetensorsIndex

    /// A file that shares half of the signature is taken for a damaged stream, so that the complaint is about the right thing; what is
    /// nothing else is taken for ONNX.
    public init(of bytes: ByteView) {
        let signature = Syntax.signature
        var equal = 0
        for place in 0..<min(bytes.count, signature.count) where bytes[place] == signature[place] { equal += 1 }
        let brace = UInt8(ascii: "{")
        if equal * 2 >= signature.count {
            self = .tamis
        } else if bytes.count > 8, bytes[8] == brace, bytes.load(0, as: UInt64.self) <= UInt64(bytes.count - 8) {
            self = .safetensors
        } else if let start = (0..<min(bytes.count, 64)).first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains(bytes[$0]) }), bytes[start] == brace {
            self = .safetensorsIndex
        } else {
            self = .onnx
        }
    }
}
