import Synchronization
import TamisBits
import TamisDigest

/// The SHA-256 of a decoded file, taken part after part in file order; each part by whichever thread is free.
final class FileDigester: Sendable {
    private let hash = Mutex(SHA256())

    func update(_ bytes: ByteView) {
        hash.withLock { hash in unsafe hash.update(bytes.buffer) }
    }

    var value: [UInt8] { hash.withLock { $0.value } }
}
