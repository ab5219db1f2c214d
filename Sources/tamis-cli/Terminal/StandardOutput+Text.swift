import Glibc
import TamisBits
import TamisFiles

extension StandardOutput {
    /// Writes `text`. A reader that has seen enough, such as `head`, ends the process without a complaint.
    static func text(_ text: String) throws(TamisError) {
        do throws(TamisError) {
            try ByteView.of(Array(text.utf8)) { (bytes) throws(TamisError) in try write(bytes, isText: true) }
        } catch {
            if hasNoReader { exit(ExitStatus.success.rawValue) }
            throw error
        }
    }

    private static var hasNoReader: Bool {
        var request = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        return poll(&request, 1, 0) > 0 && request.revents & Int16(POLLERR) != 0
    }
}
