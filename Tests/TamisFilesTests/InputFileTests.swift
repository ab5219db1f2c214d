import Glibc
import TamisBits
import Testing

@testable import TamisFiles

struct InputFileTests {
    let directory = TemporaryDirectory()
    static let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 >> 9) }

    /// Feeds `bytes` through a pipe in pieces of uneven size.
    static func throughPipe(_ bytes: [UInt8], limit: UInt64, nonBlocking: Bool = false) throws(TamisError) -> [UInt8] {
        let pipe = Pipe()
        if nonBlocking { _ = fcntl(pipe.reading, F_SETFL, O_NONBLOCK) }
        let feeder = Feeder(bytes, into: pipe.writing)
        defer {
            close(pipe.reading)
            feeder.wait()
        }
        return try InputFile(descriptor: pipe.reading, name: "pipe", limit: limit).withView { $0.array }
    }

    @Test func pathIsMapped() throws {
        directory.make("a", Self.bytes)
        // The limit is for memory, which a mapping does not take.
        let file = try InputFile(directory["a"], limit: 10)
        #expect(try file.withView { $0.array } == Self.bytes)
        #expect(file.identity == (try MappedFile(directory["a"]).identity))
        #expect(file.name == directory["a"])
        #expect(error { _ = try InputFile(directory["none"], limit: 10) }?.code == .noInput)
    }

    @Test func pipeIsReadToTheEnd() throws {
        for count in [0, 1, 65_535, 65_536, 65_537, 300_000] {
            let bytes = Array(Self.bytes.prefix(count))
            #expect(try Self.throughPipe(bytes, limit: 1 << 30) == bytes)
            #expect(try Self.throughPipe(bytes, limit: .max) == bytes)
            #expect(try Self.throughPipe(bytes, limit: UInt64(count)) == bytes)
        }
        #expect(try Self.throughPipe(Self.bytes, limit: 1 << 30, nonBlocking: true) == Self.bytes)
    }

    @Test func limitOfMemory() {
        for (count, limit) in [(1, 0), (100_001, 100_000), (300_000, 1)] {
            let fault = error { _ = try Self.throughPipe(Array(Self.bytes.prefix(count)), limit: UInt64(limit)) }
            #expect(fault?.code == .limitExceeded)
            #expect(fault?.file == "pipe")
        }
    }

    @Test func regularFileOnADescriptor() throws {
        directory.make("a", Self.bytes)
        let number = open(directory["a"], O_RDONLY | O_CLOEXEC)
        defer { close(number) }
        let mapped = try InputFile(descriptor: number, name: "in", limit: 0)
        #expect(mapped.identity != nil)
        #expect(try mapped.withView { $0.array } == Self.bytes)
        lseek(number, 1000, SEEK_SET)
        let read = try InputFile(descriptor: number, name: "in", limit: 1 << 20)
        #expect(try read.withView { $0.array } == Array(Self.bytes.dropFirst(1000)))
    }

    /// Files of /proc state a size of 0.
    @Test func fileWithoutStatedSize() throws {
        let number = open("/proc/self/status", O_RDONLY | O_CLOEXEC)
        defer { close(number) }
        #expect(try InputFile(descriptor: number, name: "in", limit: 1 << 20).withView { $0.count } > 0)
    }

    @Test func unreadableDescriptors() {
        let number = open(directory.path, O_RDONLY | O_CLOEXEC)
        defer { close(number) }
        #expect(error { _ = try InputFile(descriptor: number, name: "in", limit: 9) }?.message == "is a directory")
        #expect(error { _ = try InputFile(descriptor: -1, name: "in", limit: 9) }?.code == .noInput)
    }
}
