import Glibc
import TamisBits

/// An open file, closed when the value goes out of use.
package struct FileDescriptor: ~Copyable {
    package let number: Int32

    /// - Parameter number: an open descriptor that nobody else closes.
    package init(owning number: Int32) { self.number = number }

    deinit { _ = Glibc.close(number) }

    /// Closes now.
    /// - Returns: the error number, 0 if all went well.
    consuming func close() -> Int32 {
        let number = number
        discard self
        // Linux has closed the file even when it answers EINTR.
        return Glibc.close(number) == 0 || errno == EINTR ? 0 : errno
    }

    func status() -> stat? {
        var status = stat()
        return fstat(number, &status) == 0 ? status : nil
    }

    /// Writes all of `bytes` to descriptor `number`, at `offset` if given, else where the descriptor stands.
    /// - Returns: the error number, 0 if all bytes were written.
    static func write(_ bytes: ByteView, to number: Int32, at offset: UInt64?) -> Int32 {
        guard let start = bytes.buffer.baseAddress else { return 0 }
        if let offset, offset > UInt64(Int64.max) - UInt64(bytes.count) { return EFBIG }
        var written = 0
        while written < bytes.count {
            let rest = bytes.count - written
            let count =
                if let offset {
                    pwrite(number, start + written, rest, off_t(offset) + written)
                } else {
                    Glibc.write(number, start + written, rest)
                }
            if count > 0 {
                written += count
            } else if count == 0 {
                // Not known to happen for regular files and pipes; without this a loop would not end.
                return EIO
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                wait(for: Int16(POLLOUT), on: number)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }

    /// Reads up to `buffer.count` bytes, at least one unless the end is reached.
    /// - Returns: how many bytes were read, or the negative of the error number.
    static func read(_ number: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let count = Glibc.read(number, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno == EAGAIN || errno == EWOULDBLOCK {
                wait(for: Int16(POLLIN), on: number)
            } else if errno != EINTR {
                return -Int(errno)
            }
        }
    }

    /// Sleeps until a descriptor that another process made non-blocking is ready.
    private static func wait(for event: Int16, on number: Int32) {
        var request = pollfd(fd: number, events: event, revents: 0)
        _ = poll(&request, 1, -1)
    }
}
