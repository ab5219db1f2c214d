import Glibc

/// What a name in the file system stands for.
enum FileKind {
    case regular, directory, symbolicLink, pipe, socket, device

    init(_ status: stat) {
        self =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            case S_IFIFO: .pipe
            case S_IFSOCK: .socket
            default: .device
            }
    }

    /// The end of a sentence whose subject is the file.
    var sentence: String {
        switch self {
        case .regular: "is a regular file"
        case .directory: "is a directory"
        case .symbolicLink: "is a symbolic link"
        case .pipe: "is a pipe"
        case .socket: "is a socket"
        case .device: "is a device"
        }
    }
}
