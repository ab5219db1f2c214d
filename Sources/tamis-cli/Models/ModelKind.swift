import TamisBits
import TamisSyntax

/// What a file is, judged by its first bytes, never by its name.
enum ModelKind {
    case tamis, onnx

    /// A file that shares half of the signature is taken for a damaged stream, so that the complaint is about the right thing.
    init(_ bytes: ByteView) {
        let signature = Syntax.signature
        var equal = 0
        for place in 0..<min(bytes.count, signature.count) where bytes[place] == signature[place] { equal += 1 }
        self = equal * 2 >= signature.count ? .tamis : .onnx
    }
}
