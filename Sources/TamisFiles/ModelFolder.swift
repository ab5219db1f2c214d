import Glibc
import TamisBits

/// The folder of a model, from which files are opened by paths that the model names: never anything outside it.
///
/// A path is followed name by name, and no name may be a link, so that nothing made or moved meanwhile leads elsewhere.
public final class ModelFolder: Sendable {
    private let path: String
    private let descriptor: FileDescriptor

    /// The folder that the file at `modelPath` is in; the file itself is not looked at.
    /// - Throws: `no_input` if there is no such folder, or if the model comes from standard input (`-`).
    public init(of modelPath: String) throws(TamisError) {
        if modelPath == "-" {
            throw TamisError(
                .noInput, "a model from standard input has no folder in which its other files could lie", file: "standard input",
                advice: "name the file of the model")
        }
        let parent: String
        if let slash = modelPath.utf8.lastIndex(of: UInt8(ascii: "/")) {
            parent = slash == modelPath.startIndex ? "/" : String(modelPath[..<slash])
        } else {
            parent = "."
        }
        if parent.utf8.contains(0) { throw TamisError(.noInput, "the file name holds a zero byte", file: modelPath) }
        let number = Glibc.open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if number < 0 { throw .system(.noInput, "cannot open the directory \(parent)", file: modelPath, errno: errno) }
        path = parent
        descriptor = FileDescriptor(owning: number)
    }

    /// Maps a file of the folder.
    ///
    /// - Parameter relative: at most 16 names of at most 255 bytes, in all 4096, separated by `/`; none is `.` or `..`, and there is no `\`.
    /// - Throws: `no_input` for any other path, if a name on the way is a link or not a folder, and unless the last one is a readable
    ///   regular file that has no other name; `limit_exceeded` and `input_output` as `MappedFile`.
    public func open(_ relative: String, access: MappedFile.Access = .sequential) throws(TamisError) -> MappedFile {
        let components = try RelativePath(relative, code: .noInput).components
        let full = path == "/" ? "/" + relative : path + "/" + relative
        if components.count == 1 { return try Self.map(components[0], in: descriptor.number, path: full, access) }
        var folder = try Folder.open(components[0], in: descriptor.number, path: full, code: .noInput)
        for component in components[1..<(components.count - 1)] {
            folder = try Folder.open(component, in: folder.number, path: full, code: .noInput)
        }
        return try Self.map(components[components.count - 1], in: folder.number, path: full, access)
    }

    private static func map(_ name: String, in folder: Int32, path: String, _ access: MappedFile.Access) throws(TamisError) -> MappedFile {
        // Opening a device can do something, so that its kind is looked at before; what counts is what is opened then.
        var status = stat()
        if fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 { throw .system(.noInput, "cannot open", file: path, errno: errno) }
        try check(status, path)
        let number = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)
        if number < 0 { throw .system(.noInput, "cannot open", file: path, errno: errno) }
        let file = FileDescriptor(owning: number)
        guard let opened = file.status() else { throw .system(.noInput, "cannot examine", file: path, errno: errno) }
        try check(opened, path)
        return try MappedFile(descriptor: file.number, name: path, access: access)
    }

    /// A second name could be one outside the folder.
    private static func check(_ status: stat, _ path: String) throws(TamisError) {
        let kind = FileKind(status)
        if kind != .regular {
            let advice: String? = kind == .symbolicLink ? Folder.adviceOnLinks : nil
            throw TamisError(.noInput, "\(kind.sentence), expected a regular file in the folder of the model", file: path, advice: advice)
        }
        if status.st_nlink != 1 {
            throw TamisError(
                .noInput, "has \(status.st_nlink) names (hard links), expected one: another may lie outside the folder of the model", file: path,
                advice: Folder.adviceOnLinks)
        }
    }
}
