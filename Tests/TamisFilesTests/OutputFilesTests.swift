import Glibc
import TamisBits
import Testing

@testable import TamisFiles

@Suite("Several files come into being together")
struct OutputFilesTests {
    let directory = TemporaryDirectory()

    /// Writes `contents`, the model's first.
    static func put(
        _ contents: [[UInt8]], _ path: String, _ sideFiles: [String], overwrite: Bool = false, inputs: [FileIdentity] = [],
        failing: TamisError? = nil
    ) throws(TamisError) {
        try OutputFiles.replace(path, sideFiles: sideFiles, overwrite: overwrite, inputs: inputs) { writers throws(TamisError) in
            for (number, content) in contents.enumerated() {
                try ByteView.of(content) { view throws(TamisError) in try writers.write(view, to: number) }
            }
            if let failing { throw failing }
        }
    }

    @Test func newFilesAndFolders() throws {
        try Self.put([[1], [2, 2], [3], [], [5]], directory["m"], ["w.bin", "a/b/c", "a/d", "e/f"])
        #expect(directory.tree == ["a", "a/b", "a/b/c", "a/d", "e", "e/f", "m", "w.bin"])
        #expect(["m", "w.bin", "a/b/c", "a/d", "e/f"].map { directory.bytes($0) } == [[1], [2, 2], [3], [], [5]])
        #expect(directory.mode("w.bin") == 0o666 & ~UserMask.current)
    }

    @Test func positionalWrites() throws {
        try OutputFiles.replace(directory["m"], sideFiles: ["w"], overwrite: false) { writers throws(TamisError) in
            #expect(writers.count == 2)
            try ByteView.of([7, 8]) { view throws(TamisError) in
                try writers.write(view, to: 1, at: 3)
                try writers.write(view, to: 1)
                try writers.write(view, to: 0)
                try writers.write(view, to: 0)
            }
        }
        #expect(directory.bytes("m") == [7, 8, 7, 8])
        #expect(directory.bytes("w") == [7, 8, 0, 7, 8])
    }

    @Test func oldFilesAreReplaced() throws {
        directory.make("m", [0], mode: 0o600)
        mkdir(directory["a"], 0o700)
        directory.make("a/w", [0], mode: 0o640)
        try Self.put([[1], [2]], directory["m"], ["a/w"], overwrite: true)
        #expect(directory.bytes("m") == [1])
        #expect(directory.bytes("a/w") == [2])
        #expect(directory.mode("m") == 0o600 && directory.mode("a/w") == 0o640)
        #expect(directory.tree == ["a", "a/w", "m"])
    }

    @Test func anyOldFileNeedsForce() {
        for old in ["m", "w"] {
            directory.make(old, [0])
            let fault = error { try Self.put([[1], [2], [3]], directory["m"], ["w", "new/x"]) }
            #expect(fault?.code == .outputExists)
            #expect(fault?.file == directory[old])
            #expect(directory.tree == [old])
            #expect(directory.bytes(old) == [0])
            unlink(directory[old])
        }
    }

    @Test func failureLeavesNothing() {
        directory.make("m", [0])
        let fault = error {
            try Self.put([[1], [2], [3]], directory["m"], ["w", "new/folder/x"], overwrite: true, failing: TamisError(.missing, "planned"))
        }
        #expect(fault?.message == "planned")
        #expect(directory.tree == ["m"])
        #expect(directory.bytes("m") == [0])
        // There is no third file.
        #expect(error { try Self.put([[1], [2], [3]], directory["m"], ["w"], overwrite: true) }?.code == .invalidArgument)
        #expect(directory.tree == ["m"])
    }

    @Test func verificationOfEach() throws {
        var seen: [Int: [UInt8]] = [:]
        try OutputFiles.replace(
            directory["m"], sideFiles: ["w"], overwrite: false, verifying: { number, file throws(TamisError) in seen[number] = try file.withView { (view) throws(TamisError) in view.array } },
            writing: { writers throws(TamisError) in try ByteView.of([1, 2]) { view throws(TamisError) in try writers.write(view, to: 1) } })
        #expect(seen == [0: [], 1: [1, 2]])
        let fault = error {
            try OutputFiles.replace(
                directory["m"], sideFiles: ["w"], overwrite: true,
                verifying: { number, _ throws(TamisError) in if number == 1 { throw TamisError(.fileDigest, "planned") } }, writing: { _ in })
        }
        #expect(fault?.code == .fileDigest)
        #expect(directory.bytes("w") == [1, 2])
        #expect(directory.tree == ["m", "w"])
    }

    @Test func inputsAreNotReplaced() throws {
        directory.make("w", [0])
        let identity = try MappedFile(directory["w"]).identity
        let fault = error { try Self.put([[1], [2]], directory["m"], ["w"], overwrite: true, inputs: [identity]) }
        #expect(fault?.code == .invalidArgument)
        #expect(directory.tree == ["w"])
    }

    @Test func filesThatContradictEachOther() {
        for sides in [["w", "w"], ["m"], ["a", "a/b"], ["a/b", "a"], ["m/x"], ["a/b/c", "a/b"]] {
            let fault = error { try Self.put([], directory["m"], sides, overwrite: true) }
            #expect(fault?.code == .invalidArgument, "\(sides)")
            #expect(directory.tree == [])
        }
    }

    @Test(arguments: PathAttack.texts)
    func attackByText(_ path: String) {
        PathAttack.make(in: directory)
        let before = directory.tree
        let fault = error { try Self.put([[1], [2]], directory["model/m"], [path], overwrite: true) }
        #expect(fault?.code == .cannotCreate)
        #expect(directory.tree == before)
    }

    @Test(arguments: ["link", "dangling", "folderlink/secret", "folderlink/new", "folderlink/a/b", "pipe", "folder", "fileasfolder/x", "tty"])
    func attackOnDisk(_ path: String) {
        PathAttack.make(in: directory)
        let before = directory.tree
        let fault = error { try Self.put([[1], [2]], directory["model/m"], [path], overwrite: true) }
        #expect(fault?.code == .cannotCreate)
        #expect(directory.tree == before)
        #expect(directory.bytes("outside/secret") == [1, 2, 3])
    }

    /// A new file takes the name; the other name of the old one keeps the old bytes.
    @Test func hardLinksAreCutNotFollowed() throws {
        PathAttack.make(in: directory)
        try Self.put([[1], [2]], directory["model/m"], ["hard"], overwrite: true)
        #expect(directory.bytes("model/hard") == [2])
        #expect(directory.bytes("outside/secret") == [1, 2, 3])
    }

    @Test func staleTemporariesOfAllAreRemoved() throws {
        mkdir(directory["a"], 0o700)
        for name in [".m.1.0123456789abcdef.tmp", "a/.w.1.0123456789abcdef.tmp", "a/.other.1.0123456789abcdef.tmp"] { directory.make(name, [1]) }
        try Self.put([[1], [2]], directory["m"], ["a/w"])
        #expect(directory.tree == ["a", "a/.other.1.0123456789abcdef.tmp", "a/w", "m"])
    }

    @Test func manyFiles() throws {
        OutputFiles.allowManyOpenFiles()
        let sides = (0..<80).map { "f\($0 / 20)/w\($0)" }
        try Self.put([[1]] + sides.indices.map { [UInt8(truncatingIfNeeded: $0)] }, directory["m"], sides)
        #expect(sides.indices.allSatisfy { directory.bytes(sides[$0]) == [UInt8(truncatingIfNeeded: $0)] })
        #expect(directory.tree.count == 80 + 4 + 1)
    }
}
