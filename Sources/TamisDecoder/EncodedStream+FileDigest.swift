import TamisBits
import TamisDigest
import TamisSyntax

extension EncodedStream {
    /// Compares the SHA-256 of a decoded file with the one in the index.
    package func checkFile(_ number: Int, _ bytes: ByteView) throws(TamisError) {
        try checkFile(number, sha256: unsafe SHA256.of(bytes.buffer))
    }

    /// As above, of a digest already made.
    func checkFile(_ number: Int, sha256 computed: [UInt8]) throws(TamisError) {
        if computed != index.files[number].sha256 {
            // The index unit follows the others.
            let indexUnit = try StreamUnit(bytes, at: units.last.map { $0.offset + $0.byteCount } ?? UInt64(Syntax.signature.count), number: units.count)
            throw indexUnit.wrongFile(number, sha256: computed, stored: index.files[number].sha256, name: topology.files[number].name)
        }
    }
}

extension StreamUnit {
    /// Of the index: a decoded file has another digest than it says.
    func wrongFile(_ number: Int, sha256 computed: [UInt8], stored: [UInt8], name: String) -> TamisError {
        TamisError(
            .fileDigest, "the SHA-256 of the decoded file '\(name)' is \(Hexadecimal.text(computed)), the index says \(Hexadecimal.text(stored))",
            unit: label, element: "file_sha256", byteOffset: place(of: "file_sha256", number: number),
            advice: "the file or this decoder is faulty; report it if other decoders agree with the file")
    }
}
