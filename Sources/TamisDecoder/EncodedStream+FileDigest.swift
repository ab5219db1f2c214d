import TamisBits
import TamisDigest

extension EncodedStream {
    /// Compares the SHA-256 of a decoded file with the one in the index.
    package func checkFile(_ number: Int, _ bytes: ByteView) throws(TamisError) {
        try checkFile(number, sha256: unsafe SHA256.of(bytes.buffer))
    }

    /// As above, of a digest already made.
    func checkFile(_ number: Int, sha256 computed: [UInt8]) throws(TamisError) {
        let stored = index.files[number].sha256
        if computed != stored {
            throw TamisError(
                .fileDigest,
                "the SHA-256 of the decoded file '\(topology.files[number].name)' is \(Hexadecimal.text(computed)), the index says \(Hexadecimal.text(stored))",
                unit: "index_unit[\(units.count)]", element: "file_sha256", advice: "the file or this decoder is faulty; report it if other decoders agree with the file")
        }
    }
}
