import Tamis
import TamisDigest

/// What `decode` tells of the files that it has made.
struct DecodingReport {
    struct File {
        let name: String
        let byteCount: UInt64
        /// nil if the stream does not say.
        let sha256: [UInt8]?
    }

    /// As it was given.
    let input: String
    let inputName: String
    let inputByteCount: UInt64
    let destination: Destination
    let files: [File]
    let tensors: [TensorDescription]
    let isVerified: Bool
    /// Tensors that are not in the form asked for.
    var unchanged: [ModelExport.Note] = []

    private var byteCount: UInt64 { files.reduce(0) { $0 + $1.byteCount } }

    /// For programs.
    var json: JSONValue {
        .object([
            ("input", .string(input)), ("output", JSONValue(destination.path)), ("bytes", .integer(byteCount)),
            (
                "files",
                .array(
                    files.map { file in
                        .object([
                            ("name", .string(file.name)), ("bytes", .integer(file.byteCount)), ("sha256", file.sha256.map { .string(Hexadecimal.text($0)) } ?? .null),
                        ])
                    })
            ), ("verified", .bool(isVerified)),
            ("unchanged", .array(unchanged.map { .object([("tensor", .string($0.tensor)), ("reason", .string($0.reason))]) })),
        ])
    }

    /// For people, with a line for each tensor if `isVerbose`.
    func text(isVerbose: Bool) -> String {
        var text = ""
        if isVerbose { text += tensors.map { "\($0.name) \($0.shape) \($0.elementType.name)".printable + "\n" }.joined() }
        text += "\(inputName.printable) \(Decimal.bytes(inputByteCount)) → \(destination.name.printable) \(Decimal.bytes(byteCount))"
        return text + (files.count == 1 ? "\n" : " in \(files.count) files\n")
    }
}
