import Glibc
import TamisBits

/// The bytes of an input: a file by its path, or standard input by the name `-`.
///
/// A regular file is mapped; anything else on standard input is read to its end.
public final class InputFile: @unchecked Sendable {
    /// The path, or `standard input`.
    public let name: String
    /// Which file it is; nil where the bytes did not come from one.
    public let identity: FileIdentity?
    private let mapped: MappedFile?
    /// What was read into memory of malloc.
    private let memory: UnsafeMutableRawBufferPointer

    /// - Parameter limit: the most bytes to take into memory; a mapped file may be larger.
    /// - Throws: `no_input` if there is nothing that can be read; `input_output` if reading fails; `limit_exceeded` if standard input
    ///   holds more than `limit` bytes or memory runs out.
    public convenience init(_ path: String, access: MappedFile.Access = .sequential, limit: UInt64 = 1 << 32) throws(TamisError) {
        if path == "-" {
            try self.init(descriptor: STDIN_FILENO, name: "standard input", access: access, limit: limit)
        } else {
            self.init(mapped: try MappedFile(path, access: access), name: path)
        }
    }

    private init(mapped: MappedFile, name: String) {
        self.name = name
        self.mapped = mapped
        identity = mapped.identity
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Reads from where `descriptor` stands, and leaves it open.
    package convenience init(descriptor: Int32, name: String, access: MappedFile.Access = .sequential, limit: UInt64) throws(TamisError) {
        var status = stat()
        if fstat(descriptor, &status) != 0 { throw .system(.noInput, "cannot read", file: name, errno: errno) }
        let kind = FileKind(status)
        if kind == .directory { throw TamisError(.noInput, kind.sentence, file: name) }
        if isatty(descriptor) == 1 {
            throw TamisError(.noInput, "is a terminal", file: name, advice: "name a file, or connect a pipe")
        }
        // A mapping begins at the start of the file, so it serves only if nobody has read from the descriptor; and files whose
        // size is stated as 0 may still hold bytes (those of /proc do).
        if kind == .regular && status.st_size > 0 && lseek(descriptor, 0, SEEK_CUR) == 0 {
            self.init(mapped: try MappedFile(descriptor: descriptor, name: name, access: access), name: name)
        } else {
            try self.init(reading: descriptor, name: name, limit: limit)
        }
    }

    private init(reading descriptor: Int32, name: String, limit: UInt64) throws(TamisError) {
        self.name = name
        mapped = nil
        identity = nil
        memory = try Self.read(descriptor, name: name, limit: limit)
    }

    deinit { free(memory.baseAddress) }

    /// Invariant: `buffer` holds `count` bytes read; it grows by half, so copying stays within a constant factor of the input.
    private static func read(_ descriptor: Int32, name: String, limit: UInt64) throws(TamisError) -> UnsafeMutableRawBufferPointer {
        var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        var count = 0
        // One byte more than the limit is asked for, to tell an input of exactly the limit from a longer one.
        let most = Int(clamping: limit) == Int.max ? Int.max : Int(clamping: limit) + 1
        while true {
            if count == most {
                free(buffer.baseAddress)
                throw TamisError(.limitExceeded, "holds more than \(limit) bytes, which is the limit", file: name)
            }
            if count == buffer.count {
                let size = min(most, max(1 << 16, count + count / 2))
                guard let larger = realloc(buffer.baseAddress, size) else {
                    free(buffer.baseAddress)
                    throw TamisError(.limitExceeded, "holds more bytes than there is memory for: \(size) were asked for", file: name)
                }
                buffer = UnsafeMutableRawBufferPointer(start: larger, count: size)
            }
            let received = FileDescriptor.read(descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            if received < 0 {
                free(buffer.baseAddress)
                throw .system(.inputOutput, "cannot read", file: name, errno: Int32(-received))
            }
            if received == 0 { return UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count) }
            count += received
        }
    }

    /// The bytes; valid for as long as this object exists.
    public var view: ByteView { mapped?.view ?? ByteView(unsafe: UnsafeRawBufferPointer(memory)) }

    /// Lets the system take back the memory of the whole pages in `range` where the bytes can be fetched again.
    public func release(_ range: Range<Int>) { mapped?.release(range) }

    /// Calls `body` with the bytes, and keeps the object alive meanwhile.
    public func withView<Result>(_ body: (ByteView) throws(TamisError) -> Result) throws(TamisError) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(view)
    }
}
