import Glibc
import TamisBits

/// Standard output as a place for bytes.
public enum StandardOutput {
    /// Whether a person looks at it, and not a file or another program.
    public static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// From the first use on, writing to a pipe that nobody reads is an error and does not end the process.
    private static let ignoresBrokenPipe: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    /// Writes all of `bytes`.
    ///
    /// Sets SIGPIPE to be ignored in the whole process.
    /// - Parameter isText: whether `bytes` may be shown on a terminal.
    /// - Throws: `invalid_argument` for other bytes on a terminal; `input_output` if writing fails.
    public static func write(_ bytes: ByteView, isText: Bool = false) throws(TamisError) {
        if !isText && isTerminal {
            throw TamisError(
                .invalidArgument, "standard output is a terminal, which cannot show these bytes", file: "standard output",
                advice: "give a file with -o, or connect a pipe")
        }
        try write(bytes, to: STDOUT_FILENO)
    }

    package static func write(_ bytes: ByteView, to descriptor: Int32) throws(TamisError) {
        _ = ignoresBrokenPipe
        let number = FileDescriptor.write(bytes, to: descriptor, at: nil)
        if number == EPIPE {
            throw .system(.inputOutput, "whoever read it has stopped reading", file: "standard output", errno: number)
        }
        if number != 0 { throw .system(.inputOutput, "cannot write", file: "standard output", errno: number) }
    }
}
