import Glibc
import TamisBits
import Testing

@testable import TamisFiles

/// Paths that a hostile model could name, and what makes each an attack.
enum PathAttack {
    static let texts: [String] = [
        "../x", "a/../../x", "a/..", "..", ".", "./x", "a/./x", "/etc/passwd", "/", "", "a//b", "a/", "w\0.bin", "a\\b", "..\\x", "C:\\x",
        String(repeating: "a", count: 256), Array(repeating: "a", count: 17).joined(separator: "/"),
        Array(repeating: String(repeating: "a", count: 255), count: 16).joined(separator: "/") + "b",
        String(repeating: "a/", count: 2048) + "b", String(repeating: "a", count: 4097), "/\u{301}x", "..\u{301}/../x",
    ]

    /// Names that only the disk shows to be attacks; `make` builds them beside a folder that they must not lead to.
    static let onDisk = ["link", "dangling", "folderlink/secret", "hard", "pipe", "folder", "fileasfolder/x", "missing", "nofolder/x", "tty"]

    static func make(in directory: TemporaryDirectory) {
        mkdir(directory["outside"], 0o700)
        directory.make("outside/secret", [1, 2, 3])
        mkdir(directory["model"], 0o700)
        directory.make("model/plain", [4, 5])
        symlink("../outside/secret", directory["model/link"])
        symlink("nowhere", directory["model/dangling"])
        symlink("../outside", directory["model/folderlink"])
        link(directory["outside/secret"], directory["model/hard"])
        mkfifo(directory["model/pipe"], 0o600)
        mkdir(directory["model/folder"], 0o700)
        directory.make("model/fileasfolder", [6])
        symlink("/dev/tty", directory["model/tty"])
    }
}

@Suite("Files of a model are opened in its folder only")
struct ModelFolderTests {
    let directory = TemporaryDirectory()

    @Test func plainFiles() throws {
        PathAttack.make(in: directory)
        mkdir(directory["model/a"], 0o700)
        mkdir(directory["model/a/b"], 0o700)
        directory.make("model/a/b/w.bin", [7, 8, 9])
        directory.make("model/a/..w", [1])
        directory.make("model/wéights", [2])
        let folder = try ModelFolder(of: directory["model/m.onnx"])
        #expect(try folder.open("plain").withView { $0.array } == [4, 5])
        let deep = try folder.open("a/b/w.bin", access: .random)
        #expect(try deep.withView { $0.array } == [7, 8, 9])
        #expect(deep.identity == (try MappedFile(directory["model/a/b/w.bin"]).identity))
        #expect(try folder.open("a/..w").withView { $0.array } == [1])
        #expect(try folder.open("wéights").withView { $0.array } == [2])
    }

    /// The folder of the model itself may be reached through links: the user named it.
    @Test func theFolderItself() throws {
        PathAttack.make(in: directory)
        symlink("model", directory["way"])
        #expect(try ModelFolder(of: directory["way/m.onnx"]).open("plain").withView { $0.array } == [4, 5])
        #expect(error { _ = try ModelFolder(of: "m.onnx").open("no such file beside the tests") }?.code == .noInput)
        #expect(error { _ = try ModelFolder(of: "/m.onnx").open("no such file in the root") }?.code == .noInput)
        #expect(error { _ = try ModelFolder(of: "-") }?.code == .noInput)
        #expect(error { _ = try ModelFolder(of: directory["none/m.onnx"]) }?.code == .noInput)
        #expect(error { _ = try ModelFolder(of: "a\0b/m.onnx") }?.code == .noInput)
    }

    @Test(arguments: PathAttack.texts)
    func attackByText(_ path: String) throws {
        PathAttack.make(in: directory)
        directory.make("x", [9])
        let fault = error { _ = try ModelFolder(of: directory["model/m.onnx"]).open(path) }
        #expect(fault?.code == .noInput)
        #expect(fault?.message.contains("downwards") == true)
        #expect(fault?.advice != nil)
    }

    @Test(arguments: PathAttack.onDisk)
    func attackOnDisk(_ path: String) throws {
        PathAttack.make(in: directory)
        let fault = error { _ = try ModelFolder(of: directory["model/m.onnx"]).open(path) }
        #expect(fault?.code == .noInput)
        #expect(fault?.file == directory["model/" + path])
    }

    @Test func faultsSayWhatIsThere() throws {
        PathAttack.make(in: directory)
        let folder = try ModelFolder(of: directory["model/m.onnx"])
        for (path, word) in [
            ("link", "is a symbolic link"), ("folderlink/secret", "is a symbolic link"), ("hard", "has 2 names"), ("pipe", "is a pipe"),
            ("folder", "is a directory"), ("fileasfolder/x", "is a regular file"), ("missing", "No such file"), ("nofolder/x", "No such file"),
        ] {
            let message = error { _ = try folder.open(path) }?.message ?? ""
            #expect(message.contains(word), "\(path): \(message)")
        }
    }

    @Test func devices() throws {
        let folder = try ModelFolder(of: "/dev/m.onnx")
        #expect(error { _ = try folder.open("null") }?.message.contains("is a device") == true)
        #expect(error { _ = try folder.open("zero") }?.code == .noInput)
    }

    @Test func longestPath() throws {
        var path = "model"
        mkdir(directory[path], 0o700)
        let name = String(repeating: "d", count: 200)
        for _ in 0..<15 {
            path += "/" + name
            mkdir(directory[path], 0o700)
        }
        directory.make(path + "/" + String(repeating: "f", count: 255), [1])
        let relative = path.dropFirst(6) + "/" + String(repeating: "f", count: 255)
        #expect(try ModelFolder(of: directory["model/m.onnx"]).open(String(relative)).withView { $0.array } == [1])
    }
}
