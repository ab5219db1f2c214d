import Dispatch
import Glibc
import Synchronization
import TamisBits
import Testing

@testable import TamisFiles

struct OutputFileTests {
    let directory = TemporaryDirectory()

    static func put(
        _ bytes: [UInt8], _ path: String, overwrite: Bool = true, inputs: [FileIdentity] = []
    ) throws(TamisError) {
        try OutputFile.replace(path, overwrite: overwrite, inputs: inputs) { writer throws(TamisError) in
            try write(bytes, writer: &writer)
        }
    }

    static func write(_ bytes: [UInt8], at offset: UInt64? = nil, writer: inout OutputFile.Writer) throws(TamisError) {
        let outcome: Result<Void, TamisError> = bytes.withUnsafeBytes { buffer in
            do throws(TamisError) {
                let view = ByteView(unsafe: buffer)
                if let offset { try writer.write(view, at: offset) } else { try writer.write(view) }
                return .success(())
            } catch { return .failure(error) }
        }
        try outcome.get()
    }

    @Test func newFile() throws {
        try Self.put([1, 2, 3], directory["a"], overwrite: false)
        #expect(directory.bytes("a") == [1, 2, 3])
        try Self.put([4], directory["b"], overwrite: true)
        #expect(directory.bytes("b") == [4])
        try Self.put([], directory["c"], overwrite: false)
        #expect(directory.bytes("c") == [])
        #expect(directory.names.sorted() == ["a", "b", "c"])
        #expect(directory.mode("a") == 0o666 & ~UserMask.current)
    }

    @Test func umaskIsWhatTheSystemSays() {
        // Setting it to what it is changes nothing for the tests that run beside this one.
        let mask = UserMask.current
        #expect(umask(mask) == mask)
    }

    @Test func sequentialAndPositionalWrites() throws {
        try OutputFile.replace(directory["a"], overwrite: false) { writer throws(TamisError) in
            try Self.write([0, 0, 1], writer: &writer)
            try Self.write([9], at: 6, writer: &writer)
            try Self.write([7, 8], at: 0, writer: &writer)
            try Self.write([2], writer: &writer)
            try Self.write([], at: 100, writer: &writer)
        }
        #expect(directory.bytes("a") == [7, 8, 1, 2, 0, 0, 9])
    }

    @Test func oldFileIsReplacedAndKeepsItsMode() throws {
        for mode: mode_t in [0o600, 0o640, 0o755, 0o444] {
            directory.make("a", [1], mode: mode)
            try Self.put([2, 2], directory["a"])
            #expect(directory.bytes("a") == [2, 2])
            #expect(directory.mode("a") == mode)
            unlink(directory["a"])
        }
    }

    @Test func aMappedOldFileKeepsItsBytes() throws {
        directory.make("a", [1, 2])
        let old = try MappedFile(directory["a"])
        try Self.put([3], directory["a"])
        #expect(try old.withView { $0.array } == [1, 2])
        #expect(directory.bytes("a") == [3])
    }

    @Test func existingFileNeedsForce() {
        directory.make("a", [1])
        let fault = error { try Self.put([2], directory["a"], overwrite: false) }
        #expect(fault?.code == .outputExists)
        #expect(fault?.advice?.contains("-f") == true)
        #expect(fault?.file == directory["a"])
        #expect(directory.bytes("a") == [1])
        #expect(directory.names == ["a"])
    }

    @Test func failedClosureLeavesNothing() {
        directory.make("a", [1])
        for name in ["a", "b"] {
            let fault = error {
                try OutputFile.replace(directory[name], overwrite: true) { writer throws(TamisError) in
                    try Self.write([2, 3], writer: &writer)
                    throw TamisError(.missing, "planned")
                }
            }
            #expect(fault?.message == "planned")
        }
        #expect(directory.bytes("a") == [1])
        #expect(directory.names == ["a"])
    }

    @Test func verification() throws {
        directory.make("a", [1])
        let seen = Mutex<[UInt8]>([])
        try OutputFile.replace(directory["a"], overwrite: true, verifying: { file throws(TamisError) in
            let bytes = try file.withView { (view) throws(TamisError) in view.array }
            seen.withLock { $0 = bytes }
            #expect(directory.bytes("a") == [1])
        }) { writer throws(TamisError) in try Self.write([5, 6], writer: &writer) }
        #expect(seen.withLock { $0 } == [5, 6])
        #expect(directory.bytes("a") == [5, 6])

        let fault = error {
            try OutputFile.replace(directory["a"], overwrite: true, verifying: { _ throws(TamisError) in throw TamisError(.fileDigest, "planned") }) {
                writer throws(TamisError) in try Self.write([7], writer: &writer)
            }
        }
        #expect(fault?.code == .fileDigest)
        #expect(directory.bytes("a") == [5, 6])
        #expect(directory.names == ["a"])
    }

    @Test func destinationsThatAreNotRegularFiles() {
        directory.make("a", [1])
        symlink("a", directory["link"])
        symlink("nothing", directory["dangling"])
        mkfifo(directory["pipe"], 0o600)
        let before = directory.names.sorted()
        for (path, part) in [
            (directory["link"], "is a symbolic link"), (directory["dangling"], "is a symbolic link"), (directory["pipe"], "is a pipe"),
            (directory.path, "is a directory"), (directory.path + "/", "is a directory"), (directory["."], "is a directory"),
            (directory[".."], "is a directory"), (".", "is a directory"), ("/", "is a directory"), ("/dev/null", "is a device"),
            ("", "empty"), (directory["a\0b"], "zero byte"), (directory["none/a"], "No such file"), (directory["a/b"], "Not a directory"),
            (directory[String(repeating: "x", count: 256)], "too long"), ("/proc/tamis", ""),
        ] {
            for overwrite in [false, true] {
                let fault = error { try Self.put([2], path, overwrite: overwrite) }
                #expect(fault?.code == .cannotCreate, "\(path)")
                #expect(part.isEmpty || fault?.message.contains(part) == true, "\(path): \(fault?.message ?? "")")
            }
        }
        #expect(directory.names.sorted() == before)
        #expect(directory.bytes("a") == [1])
    }

    @Test func longestName() throws {
        let name = String(repeating: "x", count: 255)
        try Self.put([1], directory[name])
        #expect(directory.names == [name])
    }

    @Test func relativePath() throws {
        let name = "tamis-files-\(getpid())-\(UInt64.random(in: .min ... .max))"
        try Self.put([1, 2], name)
        defer { unlink(name) }
        #expect(try MappedFile("./" + name).withView { $0.array } == [1, 2])
    }

    @Test func inputIsNotReplaced() throws {
        directory.make("a", [1])
        link(directory["a"], directory["b"])
        let input = try InputFile(directory["a"], limit: 0)
        let identity = try #require(input.identity)
        for name in ["a", "b"] {
            for overwrite in [false, true] {
                #expect(error { try Self.put([2], directory[name], overwrite: overwrite, inputs: [identity]) }?.code == .invalidArgument)
            }
        }
        #expect(directory.bytes("a") == [1])
        directory.make("c", [1])
        try Self.put([2], directory["c"], inputs: [identity])
        #expect(directory.bytes("c") == [2])
    }

    @Test func fileMadeMeanwhileIsNotOverwritten() {
        let fault = error {
            try OutputFile.replace(directory["a"], overwrite: false) { writer throws(TamisError) in
                try Self.write([1], writer: &writer)
                directory.make("a", [2])
            }
        }
        #expect(fault?.code == .outputExists)
        #expect(directory.bytes("a") == [2])
        #expect(directory.names == ["a"])
    }

    @Test func directoryMadeMeanwhileIsNotOverwritten() {
        for overwrite in [false, true] {
            let fault = error {
                try OutputFile.replace(directory["a"], overwrite: overwrite) { writer throws(TamisError) in
                    try Self.write([1], writer: &writer)
                    mkdir(directory["a"], 0o700)
                }
            }
            #expect(fault?.family == .io)
            #expect(directory.names == ["a"])
            rmdir(directory["a"])
        }
    }

    @Test(arguments: [false, true]) func manyWritersAtOnce(overwrite: Bool) {
        let path = directory["a"]
        for _ in 0..<20 {
            let outcomes = Mutex<[TamisError.Code?]>([])
            DispatchQueue.concurrentPerform(iterations: 8) { worker in
                let fault = error { try Self.put([UInt8](repeating: UInt8(worker), count: 5000), path, overwrite: overwrite) }
                outcomes.withLock { $0.append(fault?.code) }
            }
            let codes = outcomes.withLock { $0 }
            #expect(codes.count { $0 == nil } == (overwrite ? 8 : 1))
            #expect(codes.allSatisfy { $0 == nil || $0 == .outputExists })
            let bytes = directory.bytes("a") ?? []
            #expect(bytes.count == 5000 && Set(bytes).count == 1)
            #expect(directory.names == ["a"])
            unlink(path)
        }
    }

    @Test func staleTemporariesAreRemovedAndLiveOnesKept() throws {
        let stale = [".a.1.0123456789abcdef.tmp", ".a.4194304.00000000000000ff.tmp"]
        let live = ".a.2.0123456789abcdef.tmp"
        let others = [".b.1.0123456789abcdef.tmp", ".a.1.tmp", "a.1.0123456789abcdef.tmp", ".a.tmp"]
        for name in stale + [live] + others { directory.make(name, [1]) }
        mkfifo(directory[".a.3.0123456789abcdef.tmp"], 0o600)
        symlink(".a.tmp", directory[".a.4.0123456789abcdef.tmp"])
        let lock = open(directory[live], O_RDONLY | O_CLOEXEC)
        defer { close(lock) }
        #expect(flock(lock, LOCK_EX) == 0)

        try Self.put([2], directory["a"])
        let kept = [live, ".a.3.0123456789abcdef.tmp", ".a.4.0123456789abcdef.tmp"] + others
        #expect(directory.names.sorted() == (kept + ["a"]).sorted())
        flock(lock, LOCK_UN)
        try Self.put([3], directory["a"])
        #expect(!directory.names.contains(live))
    }

    @Test func temporaryUnderWayIsLockedAndPrivate() throws {
        try OutputFile.replace(directory["a"], overwrite: false) { writer throws(TamisError) in
            try Self.write([1], writer: &writer)
            let names = directory.names
            #expect(names.count == 1)
            for name in names {
                #expect(TemporaryName.stem(of: name) == TemporaryName.stem(for: "a"))
                #expect(directory.mode(name) == 0o600)
                let number = open(directory[name], O_RDONLY | O_CLOEXEC)
                #expect(flock(number, LOCK_EX | LOCK_NB) != 0)
                close(number)
            }
            try Self.put([2], directory["b"])
            try Self.put([3], directory["a"], overwrite: true)
            #expect(directory.names.count == 3)
            unlink(directory["a"])
        }
        #expect(directory.bytes("a") == [1])
        #expect(directory.names.sorted() == ["a", "b"])
    }

    /// The limit lies beyond what any other test writes, and is met by a file with a hole.
    @Test func fullDiskLeavesTheOldFile() throws {
        signal(SIGXFSZ, SIG_IGN)
        let limit: UInt64 = 1 << 33
        var old = rlimit()
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old) == 0)
        var new = rlimit(rlim_cur: rlim_t(limit), rlim_max: old.rlim_max)
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &new) == 0)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old) }

        directory.make("a", [1])
        let faults = Mutex<[TamisError?]>([])
        for hides in [false, true] {
            let fault = error {
                try OutputFile.replace(directory["a"], overwrite: true) { writer throws(TamisError) in
                    do throws(TamisError) {
                        try Self.write([2, 3, 4, 5], at: limit - 2, writer: &writer)
                    } catch {
                        if !hides { throw error }
                        faults.withLock { $0.append(error) }
                    }
                }
            }
            #expect(fault?.code == .inputOutput)
            #expect(fault?.file == directory["a"])
            #expect(fault?.message.contains("errno \(EFBIG)") == true)
            #expect(directory.bytes("a") == [1])
            #expect(directory.names == ["a"])
        }
        #expect(faults.withLock { $0.count } == 1)
    }

    @Test func offsetsBeyondTheFileSystem() {
        for offset: UInt64 in [.max, 1 << 63, UInt64(Int64.max)] {
            let fault = error {
                try OutputFile.replace(directory["a"], overwrite: true) { writer throws(TamisError) in
                    try Self.write([1, 2], at: offset, writer: &writer)
                }
            }
            #expect(fault?.code == .inputOutput)
        }
        #expect(directory.names.isEmpty)
    }

    @Test func noDescriptorIsLeftOpen() throws {
        // Other tests run beside this one and open files too, so only a steady growth counts.
        func openCount() -> Int { (0..<1024).count { fcntl(Int32($0), F_GETFD) >= 0 } }
        let before = openCount()
        for round in 0..<200 {
            try Self.put([1], directory["a"])
            _ = error { try Self.put([1], directory["a"], overwrite: false) }
            _ = error { try Self.put([1], directory["none/a"]) }
            _ = try MappedFile(directory["a"])
            _ = error {
                try OutputFile.replace(directory["b\(round)"], overwrite: false) { _ throws(TamisError) in throw TamisError(.missing, "planned") }
            }
        }
        #expect(openCount() < before + 150)
    }
}
