import Synchronization
import TamisBits
import TamisDigest

/// Takes the SHA-256 of decoded files, batch after batch, and compares it with the index's.
final class FileDigestChecker: Sendable {
    private let stream: EncodedStream
    private let hash = Mutex(SHA256())

    init(_ stream: EncodedStream) { self.stream = stream }

    /// Takes in the steps of a batch, the bytes of which are `bytes`; from any thread, one batch after the other.
    func take(_ steps: [DecodingBatch.DigestStep], of bytes: ByteView) throws(TamisError) {
        for step in steps {
            switch step {
            case .bytes(let range): hash.withLock { hash in unsafe hash.update(bytes[range].buffer) }
            case .end(let file):
                let value = hash.withLock { hash in
                    defer { hash = SHA256() }
                    return hash.value
                }
                try stream.checkFile(file, sha256: value)
            }
        }
    }
}
