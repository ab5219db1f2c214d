import Glibc

/// A fresh directory for one test, removed with all it holds when the test lets go of it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        path = parent + "/tamis-files-\(getpid())-\(UInt64.random(in: .min ... .max))"
        precondition(mkdir(path, 0o700) == 0)
    }

    deinit { Self.remove(path) }

    /// Removes the directory `path` with all it holds; links are removed, not followed.
    private static func remove(_ path: String) {
        for name in names(in: path) {
            let inner = path + "/" + name
            if unlink(inner) != 0 { remove(inner) }
        }
        rmdir(path)
    }

    subscript(name: String) -> String { path + "/" + name }

    /// What it holds, in no order.
    var names: [String] { Self.names(in: path) }

    /// What the folder `name` in it holds, in no order.
    func names(in name: String) -> [String] { Self.names(in: self[name]) }

    /// Every file and folder below it, as paths, sorted.
    var tree: [String] {
        func below(_ name: String) -> [String] {
            var status = stat()
            guard lstat(self[name], &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return [name] }
            return [name] + names(in: name).flatMap { below(name + "/" + $0) }
        }
        return names.flatMap(below).sorted()
    }

    private static func names(in path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    func make(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o644) {
        let number = open(self[name], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        precondition(number >= 0 && write(number, bytes, bytes.count) == bytes.count)
        fchmod(number, mode)
        close(number)
    }

    /// Nil if there is no such file.
    func bytes(_ name: String) -> [UInt8]? {
        let number = open(self[name], O_RDONLY | O_CLOEXEC)
        if number < 0 { return nil }
        defer { close(number) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(number, &bytes, bytes.count)
        return Array(bytes.prefix(count))
    }

    func mode(_ name: String) -> mode_t {
        var status = stat()
        return lstat(self[name], &status) == 0 ? status.st_mode & 0o7777 : 0
    }
}
