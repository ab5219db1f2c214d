import Glibc
import TamisBits

/// A folder that outputs are put into, kept open; it is removed with `discard` if it was made for them.
final class OutputFolder {
    let descriptor: FileDescriptor
    let path: String
    /// Where it was made; nil if it was there before.
    private let made: (parent: OutputFolder, name: String)?

    init(_ descriptor: consuming FileDescriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
        made = nil
    }

    /// The folder `name` of `parent`, made if there is none. It must not be a link.
    /// - Throws: `cannot_create`.
    init(_ name: String, in parent: OutputFolder) throws(TamisError) {
        path = parent.path + "/" + name
        let isNew = mkdirat(parent.descriptor.number, name, 0o777) == 0
        if !isNew && errno != EEXIST { throw .system(.cannotCreate, "cannot make the directory", file: path, errno: errno) }
        made = isNew ? (parent, name) : nil
        descriptor = try Folder.open(name, in: parent.descriptor.number, path: path, code: .cannotCreate)
    }

    /// Removes the folder if it is empty and was made for the outputs.
    func discard() {
        if let made { unlinkat(made.parent.descriptor.number, made.name, AT_REMOVEDIR) }
    }

    /// Brings the names in the folder to the disk.
    func synchronize() throws(TamisError) {
        // Some file systems cannot do this for directories, and say so by EINVAL.
        if fsync(descriptor.number) != 0 && errno != EINVAL {
            throw .system(
                .inputOutput, "the files are written, but their names may be lost with the power: cannot synchronize the directory", file: path,
                errno: errno)
        }
    }
}
