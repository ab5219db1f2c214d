import Dispatch
import Glibc

/// Writes bytes into a descriptor from another thread, in pieces of uneven size, then closes it.
final class Feeder: Sendable {
    private let done = DispatchSemaphore(value: 0)

    init(_ bytes: [UInt8], into descriptor: Int32) {
        signal(SIGPIPE, SIG_IGN)
        DispatchQueue.global().async { [done] in
            var position = 0
            var size = 1
            while position < bytes.count {
                let count = bytes[position..<min(bytes.count, position + size)].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                if count <= 0 { break }
                position += count
                size = size * 3 % 10_007 + 1
            }
            close(descriptor)
            done.signal()
        }
    }

    func wait() { done.wait() }
}
