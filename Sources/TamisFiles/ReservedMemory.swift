import Glibc
import TamisBits

/// Memory for bytes that may be too many for this process: where there is none, that is an error and not the end.
///
/// All bytes are zero at first. Whoever writes to `region` from several threads gives each its own part.
public final class ReservedMemory: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer

    /// - Throws: `limit_exceeded` if the system refuses.
    package init(byteCount: UInt64) throws(TamisError) {
        if byteCount == 0 {
            memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let count = Int(exactly: byteCount) else { throw Self.refused(byteCount, errno: ENOMEM) }
        guard let start = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), start != MAP_FAILED else {
            throw Self.refused(byteCount, errno: errno)
        }
        memory = UnsafeMutableRawBufferPointer(start: start, count: count)
    }

    deinit {
        if let start = memory.baseAddress { munmap(start, memory.count) }
    }

    /// For writing; valid for as long as this object exists.
    package var region: ByteRegion { ByteRegion(unsafe: memory) }

    /// The bytes; valid for as long as this object exists.
    public var view: ByteView { ByteView(unsafe: UnsafeRawBufferPointer(memory)) }

    /// Calls `body` with the bytes, and keeps the object alive meanwhile.
    public func withView<Result>(_ body: (ByteView) throws(TamisError) -> Result) throws(TamisError) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(view)
    }

    private static func refused(_ byteCount: UInt64, errno number: Int32) -> TamisError {
        .system(.limitExceeded, "there is no memory for \(byteCount) bytes", file: nil, errno: number)
    }
}
