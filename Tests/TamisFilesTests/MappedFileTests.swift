import Glibc
import TamisBits
import Testing

@testable import TamisFiles

struct MappedFileTests {
    let directory = TemporaryDirectory()

    @Test func bytesAndIdentity() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        directory.make("a", bytes)
        link(directory["a"], directory["b"])
        directory.make("c", bytes)
        symlink("a", directory["d"])
        let a = try MappedFile(directory["a"])
        #expect(try a.withView { $0.array } == bytes)
        #expect(try MappedFile(directory["b"]).identity == a.identity)
        #expect(try MappedFile(directory["d"], access: .random).identity == a.identity)
        #expect(try MappedFile(directory["c"]).identity != a.identity)
    }

    @Test func emptyFile() throws {
        directory.make("a", [])
        let file = try MappedFile(directory["a"])
        #expect(file.view.count == 0)
    }

    @Test func whatIsNotARegularFile() {
        mkfifo(directory["pipe"], 0o600)
        for (path, part) in [
            (directory["none"], "No such file"), (directory.path, "is a directory"), (directory["pipe"], "is a pipe"),
            ("/dev/null", "is a device"), (directory["pipe"] + "/x", "Not a directory"), ("", "No such file"), ("a\0b", "zero byte"),
        ] {
            let fault = error { _ = try MappedFile(path) }
            #expect(fault?.code == .noInput, "\(path)")
            #expect(fault?.message.contains(part) == true, "\(path): \(fault?.message ?? "")")
            #expect(fault?.file == path)
        }
    }

    @Test func releasedPagesComeBack() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        directory.make("a", bytes)
        let file = try MappedFile(directory["a"])
        #expect(try file.withView { $0.array } == bytes)
        for range in [0..<100_000, 1..<4096, 5000..<5001, 4096..<8192, 99_000..<100_000, 0..<0, 50_000..<200_000, 200_000..<300_000] { file.release(range) }
        #expect(try file.withView { $0.array } == bytes)
        directory.make("empty", [])
        try MappedFile(directory["empty"]).release(0..<10)
        try InputFile(directory["a"]).release(0..<10_000)
    }
}
