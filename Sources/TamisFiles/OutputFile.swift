import Glibc
import TamisBits

/// Writes a file so that its name always leads to the old bytes or to all of the new ones, through a full disk, a kill or a loss
/// of power.
///
/// The bytes go to a temporary in the same directory, which takes the destination's name when they are all on the disk.
public enum OutputFile {
    /// Replaces the file at `path`, or makes it, with what `writing` writes.
    ///
    /// After an error the old file is untouched and the temporary is gone, except that an error in the last step, making the new
    /// name durable, leaves the new file. Temporaries that killed processes left for this destination are removed first.
    /// Two calls at once are allowed: each writes its own temporary and the last to finish stays.
    ///
    /// - Parameters:
    ///   - path: its directory must exist. Must not be a directory, device, pipe, socket or symbolic link.
    ///   - overwrite: whether an existing file may be replaced; the permissions of its owner, group and others are kept.
    ///   - inputs: files that must not be replaced because they are being read.
    ///   - verifying: called, if given, with the file as it was written, before it takes the name; what it throws is thrown.
    ///   - writing: called once; what it throws is thrown.
    /// - Throws: `output_exists`; `cannot_create` where there can be no such file; `invalid_argument` if the destination is one of
    ///   `inputs`; `input_output` if writing fails.
    public static func replace(
        _ path: String, overwrite: Bool, inputs: [FileIdentity] = [],
        verifying: ((MappedFile) throws(TamisError) -> Void)? = nil,
        writing: (inout Writer) throws(TamisError) -> Void
    ) throws(TamisError) {
        let (parent, name) = try split(path)
        let directory = try open(directory: parent, path: path)
        let old = try destination(name, in: directory, path: path, overwrite: overwrite, inputs: inputs)
        removeStale(for: [name], in: directory)
        let temporary = try TemporaryFile(for: name, in: directory, path: path)
        do throws(TamisError) {
            var writer = Writer(descriptor: temporary.descriptor.number, path: path)
            try writing(&writer)
            if let failure = writer.failure { throw failure }
            try temporary.finish(mode: old.map { $0.st_mode & 0o777 } ?? 0o666 & ~UserMask.current, verifying: verifying)
            try temporary.take(name, overwrite: overwrite)
        } catch {
            temporary.unlink()
            throw error
        }
        // Some file systems cannot do this for directories, and say so by EINVAL.
        if fsync(directory.number) != 0 && errno != EINVAL {
            throw .system(
                .inputOutput, "the file is written, but its name may be lost with the power: cannot synchronize \(parent)", file: path, errno: errno)
        }
    }

    /// Opens the directory that `path` lies in.
    static func open(directory: String, path: String) throws(TamisError) -> FileDescriptor {
        let number = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if number < 0 { throw .system(.cannotCreate, "cannot open the directory \(directory)", file: path, errno: errno) }
        return FileDescriptor(owning: number)
    }

    /// The directory and the name in it.
    static func split(_ path: String) throws(TamisError) -> (parent: String, name: String) {
        if path.isEmpty { throw TamisError(.cannotCreate, "the name of the output is empty") }
        if path.utf8.contains(0) { throw TamisError(.cannotCreate, "the file name holds a zero byte", file: path) }
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else {
            if path == "." || path == ".." { throw .destination(.directory, path: path) }
            return (".", path)
        }
        let name = String(path[path.utf8.index(after: slash)...])
        if name.isEmpty || name == "." || name == ".." { throw .destination(.directory, path: path) }
        let parent = path[..<slash]
        return (parent.isEmpty ? "/" : String(parent), name)
    }

    /// - Returns: the status of the old file, nil if there is none.
    static func destination(
        _ name: String, in directory: borrowing FileDescriptor, path: String, overwrite: Bool, inputs: [FileIdentity]
    ) throws(TamisError) -> stat? {
        var status = stat()
        if fstatat(directory.number, name, &status, AT_SYMLINK_NOFOLLOW) != 0 {
            if errno == ENOENT { return nil }
            throw .system(.cannotCreate, "cannot examine the destination", file: path, errno: errno)
        }
        let kind = FileKind(status)
        if kind != .regular { throw .destination(kind, path: path) }
        if inputs.contains(FileIdentity(status)) {
            throw TamisError(
                .invalidArgument, "the output is the same file as the input", file: path, advice: "write to another file, then rename it")
        }
        if !overwrite { throw .exists(path: path) }
        return status
    }

    /// Removes what processes that ended without cleaning up have left for destinations `names`.
    ///
    /// A temporary whose lock is held belongs to a process at work. Failure to remove is no reason not to write.
    static func removeStale(for names: [String], in directory: borrowing FileDescriptor) {
        if names.isEmpty { return }
        let stems = Set(names.map { TemporaryName.stem(for: $0) })
        // The stream owns and closes its descriptor.
        let number = openat(directory.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if number < 0 { return }
        guard let stream = fdopendir(number) else {
            close(number)
            return
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let found = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let stem = TemporaryName.stem(of: found), stems.contains(stem) else { continue }
            let number = openat(directory.number, found, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            if number < 0 { continue }
            let descriptor = FileDescriptor(owning: number)
            guard let status = descriptor.status(), FileKind(status) == .regular, flock(descriptor.number, LOCK_EX | LOCK_NB) == 0 else { continue }
            unlinkat(directory.number, found, 0)
        }
    }
}
