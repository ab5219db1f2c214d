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
        let stored = index.files[number].sha256
        if computed != stored {
            // The index unit follows the others.
            let indexUnit = try StreamUnit(bytes, at: units.last.map { $0.offset + $0.byteCount } ?? UInt64(Syntax.signature.count), number: units.count)
            throw TamisError(
                .fileDigest,
                "the SHA-256 of the decoded file '\(topology.files[number].name)' is \(Hexadecimal.text(computed)), the index says \(Hexadecimal.text(stored))",
                unit: indexUnit.label, element: "file_sha256", byteOffset: indexUnit.place(of: "file_sha256", number: number),
                advice: "the file or this decoder is faulty; report it if other decoders agree with the file")
        }
    }
}
