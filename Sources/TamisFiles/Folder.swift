import Glibc
import TamisBits

/// Opens folders on a path that somebody else chose.
enum Folder {
    static let adviceOnLinks = "links can be an attack; if you trust the model, copy it with all its files to a new folder, for example with cp -rL"

    /// The folder `name` of the folder `parent`; it must not be a link.
    static func open(_ name: String, in parent: Int32, path: String, code: TamisError.Code) throws(TamisError) -> FileDescriptor {
        let number = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if number >= 0 { return FileDescriptor(owning: number) }
        let reason = errno
        var status = stat()
        if fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0, FileKind(status) != .directory {
            let kind = FileKind(status)
            throw TamisError(
                code, "'\(name)' on the way \(kind.sentence), expected a directory", file: path, advice: kind == .symbolicLink ? adviceOnLinks : nil)
        }
        throw .system(code, "cannot open the directory '\(name)'", file: path, errno: reason)
    }
}
