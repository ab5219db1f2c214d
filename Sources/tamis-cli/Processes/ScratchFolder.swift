import Glibc
import TamisBits

/// A folder for files of processes under test, removed with all that is in it.
final class ScratchFolder {
    let path: String

    /// - Throws: `cannot_create`.
    init() throws(TamisError) {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((parent + "/tamis-conformance-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw TamisError(.cannotCreate, "cannot make a folder: \(String(cString: strerror(errno)))", file: parent, advice: "name another one in TMPDIR")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// Removes a folder and what is in it; follows no links.
    private static func remove(_ folder: String) {
        if let stream = opendir(folder) {
            while let entry = readdir(stream) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
                if name == "." || name == ".." { continue }
                let path = folder + "/" + name
                if unlink(path) != 0 { remove(path) }
            }
            closedir(stream)
        }
        rmdir(folder)
    }
}
