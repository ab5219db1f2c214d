import Glibc
import TamisBits

/// One of several outputs: its temporary, on its way to take the place of the destination.
final class PendingOutput {
    private enum State { case written, named, finished }

    private let folder: OutputFolder
    private let name: String
    private let old: stat?
    private let temporary: TemporaryFile
    private var state = State.written
    var writer: OutputFile.Writer

    /// - Parameter old: the status of the destination; nil if there is none.
    /// - Throws: `cannot_create`.
    init(_ name: String, in folder: OutputFolder, path: String, old: stat?) throws(TamisError) {
        self.folder = folder
        self.name = name
        self.old = old
        temporary = try TemporaryFile(for: name, in: folder.descriptor, path: path)
        writer = OutputFile.Writer(descriptor: temporary.descriptor.number, path: path)
    }

    /// Brings the bytes to the disk.
    /// - Parameter mode: the permissions of a file that replaces none.
    func finish(mode: mode_t, verifying: ((MappedFile) throws(TamisError) -> Void)?) throws(TamisError) {
        if let failure = writer.failure { throw failure }
        try temporary.finish(mode: old.map { $0.st_mode & 0o777 } ?? mode, verifying: verifying)
    }

    func take(overwrite: Bool) throws(TamisError) {
        try temporary.take(name, overwrite: overwrite)
        state = .named
    }

    /// Removes the temporary, or the file if it has its name already and replaced none.
    func discard() {
        switch state {
        case .written: temporary.unlink()
        case .named where old == nil: unlinkat(folder.descriptor.number, name, 0)
        case .named, .finished: break
        }
        state = .finished
    }
}
