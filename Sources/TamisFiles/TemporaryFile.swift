import Glibc
import TamisBits

/// A locked, empty file beside the destination, on its way to take its name.
struct TemporaryFile: ~Copyable {
    let descriptor: FileDescriptor
    private let name: String
    /// Owned by the caller of `init`, who keeps it open.
    private let directory: Int32
    private let path: String
    private let pending: Int?

    /// - Throws: `cannot_create`.
    init(for destination: String, in directory: borrowing FileDescriptor, path: String) throws(TamisError) {
        self.directory = directory.number
        self.path = path
        while true {
            let name = TemporaryName(for: destination).text
            // Known to the signal handler before it exists, so that no moment is left in which a signal would strand it.
            let pending = PendingTemporaries.add(name, in: directory.number)
            let number = openat(directory.number, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            if number < 0 {
                let reason = errno
                PendingTemporaries.remove(pending)
                if reason == EINTR || reason == EEXIST { continue }
                throw .system(.cannotCreate, "cannot create a file in this directory", file: path, errno: reason)
            }
            let descriptor = FileDescriptor(owning: number)
            // File systems without locks give an error here; there, nobody can take the lock to remove the file either.
            while flock(descriptor.number, LOCK_EX) != 0 && errno == EINTR {}
            // Between creation and lock another process may have taken the file for a stale one and removed it.
            if Self.isLinked(name, in: directory, as: descriptor) {
                self.descriptor = descriptor
                self.name = name
                self.pending = pending
                return
            }
            PendingTemporaries.remove(pending)
        }
    }

    private static func isLinked(_ name: String, in directory: borrowing FileDescriptor, as descriptor: borrowing FileDescriptor) -> Bool {
        var named = stat()
        guard let opened = descriptor.status(), fstatat(directory.number, name, &named, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
        return FileIdentity(named) == FileIdentity(opened)
    }

    /// Brings the bytes to the disk. Neither step is tried again: after a failed fsync the system may have dropped the bytes and
    /// report success.
    borrowing func finish(mode: mode_t, verifying: ((MappedFile) throws(TamisError) -> Void)?) throws(TamisError) {
        if fchmod(descriptor.number, mode) != 0 { throw .system(.inputOutput, "cannot set the permissions", file: path, errno: errno) }
        if fsync(descriptor.number) != 0 { throw .system(.inputOutput, "cannot bring the bytes to the disk", file: path, errno: errno) }
        // Network file systems report some errors at close only, and those must come before the renaming; the lock must be held
        // until after it. A duplicate is closed: that reports, and the lock stays with the original.
        let duplicate = fcntl(descriptor.number, F_DUPFD_CLOEXEC, 0)
        if duplicate < 0 { throw .system(.inputOutput, "cannot close", file: path, errno: errno) }
        let reason = FileDescriptor(owning: duplicate).close()
        if reason != 0 { throw .system(.inputOutput, "cannot close", file: path, errno: reason) }
        if let verifying { try verifying(try MappedFile(descriptor: descriptor.number, name: path, access: .sequential)) }
    }

    /// Gives the file the name `destination`, atomically. With `overwrite` false it cannot replace a file, even one made a moment ago.
    borrowing func take(_ destination: String, overwrite: Bool) throws(TamisError) {
        if overwrite {
            try rename(to: destination)
        } else if linkat(directory, name, directory, destination, 0) == 0 {
            unlink()
        } else if errno == EEXIST {
            throw .exists(path: path)
        } else if errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK {
            try claimAndRename(to: destination)
        } else {
            throw .system(.inputOutput, "cannot give the file its name", file: path, errno: errno)
        }
    }

    /// For file systems without hard links: an empty file, which can be made only where there is none, holds the name until the renaming.
    private borrowing func claimAndRename(to destination: String) throws(TamisError) {
        let number = openat(directory, destination, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if number < 0 {
            if errno == EEXIST { throw .exists(path: path) }
            throw .system(.inputOutput, "cannot give the file its name", file: path, errno: errno)
        }
        close(number)
        do throws(TamisError) { try rename(to: destination) } catch {
            unlinkat(directory, destination, 0)
            throw error
        }
    }

    private borrowing func rename(to destination: String) throws(TamisError) {
        if renameat(directory, name, directory, destination) != 0 {
            throw .system(.inputOutput, "cannot give the file its name", file: path, errno: errno)
        }
        PendingTemporaries.remove(pending)
    }

    /// Removes the temporary name.
    borrowing func unlink() {
        unlinkat(directory, name, 0)
        PendingTemporaries.remove(pending)
    }
}
