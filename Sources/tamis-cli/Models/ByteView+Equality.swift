import Glibc
import TamisBits

extension ByteView {
    func isEqual(to other: ByteView) -> Bool {
        guard count == other.count else { return false }
        guard let own = buffer.baseAddress, let others = other.buffer.baseAddress else { return true }
        return memcmp(own, others, count) == 0
    }
}
