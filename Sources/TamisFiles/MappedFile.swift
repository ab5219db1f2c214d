import Glibc
import TamisBits

/// A regular file as memory, read only.
///
/// Nothing is copied: the system fetches pages as they are touched and may drop them again. The file must not shrink meanwhile;
/// if another process cuts it short, touching the lost part ends the process.
public final class MappedFile: @unchecked Sendable {
    private let memory: UnsafeRawBufferPointer
    public let identity: FileIdentity

    /// How the bytes will be read; only the speed depends on it.
    public enum Access: Sendable {
        case sequential, random

        fileprivate var advice: Int32 { self == .sequential ? MADV_SEQUENTIAL : MADV_RANDOM }
    }

    /// Follows symbolic links.
    /// - Throws: `no_input` unless `path` leads to a readable regular file; `limit_exceeded` if there is no room for it among
    ///   the process's addresses; `input_output` if it cannot be mapped.
    public convenience init(_ path: String, access: Access = .sequential) throws(TamisError) {
        if path.utf8.contains(0) { throw TamisError(.noInput, "the file name holds a zero byte", file: path) }
        // Without O_NONBLOCK the call would wait for the other end of a pipe.
        let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        if number < 0 { throw .system(.noInput, "cannot open", file: path, errno: errno) }
        let descriptor = FileDescriptor(owning: number)
        try self.init(descriptor: descriptor.number, name: path, access: access)
    }

    /// The mapping outlives the descriptor.
    init(descriptor: Int32, name: String, access: Access) throws(TamisError) {
        var status = stat()
        if fstat(descriptor, &status) != 0 { throw .system(.inputOutput, "cannot examine", file: name, errno: errno) }
        let kind = FileKind(status)
        if kind != .regular {
            let advice: String? = kind == .pipe ? "to read from a pipe, connect it to standard input and give - as the file" : nil
            throw TamisError(.noInput, "\(kind.sentence), expected a regular file", file: name, advice: advice)
        }
        identity = FileIdentity(status)
        if status.st_size <= 0 {
            memory = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let count = Int(status.st_size)
        guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw .system(errno == ENOMEM ? .limitExceeded : .inputOutput, "cannot map \(count) bytes", file: name, errno: errno)
        }
        memory = UnsafeRawBufferPointer(start: start, count: count)
        madvise(start, count, access.advice)
    }

    deinit {
        if let start = memory.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), memory.count) }
    }

    /// The bytes; valid for as long as this object exists.
    public var view: ByteView { ByteView(unsafe: memory) }

    /// Lets the system take back the memory of the whole pages in `range`; they are fetched again if they are touched.
    public func release(_ range: Range<Int>) {
        guard let start = memory.baseAddress else { return }
        let page = sysconf(Int32(_SC_PAGESIZE))
        let range = range.clamped(to: 0..<memory.count)
        let first = (range.lowerBound + page - 1) / page * page
        // Of the last page of the file nothing but the file is mapped.
        let end = range.upperBound == memory.count ? range.upperBound : range.upperBound / page * page
        if first < end { madvise(UnsafeMutableRawPointer(mutating: start + first), end - first, MADV_DONTNEED) }
    }

    /// Calls `body` with the bytes, and keeps the object alive meanwhile.
    public func withView<Result>(_ body: (ByteView) throws(TamisError) -> Result) throws(TamisError) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(view)
    }
}
