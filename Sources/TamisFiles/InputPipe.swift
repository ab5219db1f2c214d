import Glibc
import TamisBits

/// Standard input that is no file: its bytes are read as they arrive.
public final class InputPipe {
    /// For people.
    public let name = "standard input"
    private let descriptor: Int32
    private let buffer: UnsafeMutableRawBufferPointer

    /// Bytes that the system is asked to hold while nobody reads, and that are read at once.
    private static let byteCount = 1 << 20
    /// F_SETPIPE_SZ of Linux, which the C library's module leaves out.
    private static let setPipeSize: Int32 = 1031

    /// - Returns: nil if `descriptor` is something else than a pipe or socket: a file, which is better mapped, or a terminal.
    public init?(descriptor: Int32 = STDIN_FILENO) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, [.pipe, .socket].contains(FileKind(status)) else { return nil }
        self.descriptor = descriptor
        // A system that refuses gives fewer bytes at a time.
        _ = fcntl(descriptor, Self.setPipeSize, Int32(Self.byteCount))
        buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.byteCount, alignment: 64)
    }

    deinit { buffer.deallocate() }

    /// Waits for bytes.
    ///
    /// - Returns: those that have arrived, up to 1 MiB, valid until the next call; none at the end.
    /// - Throws: `input_output` if reading fails.
    public func read() throws(TamisError) -> ByteView {
        let count = FileDescriptor.read(descriptor, into: buffer)
        if count < 0 { throw .system(.inputOutput, "cannot read", file: name, errno: Int32(-count)) }
        return ByteView(unsafe: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
}
