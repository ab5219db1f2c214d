import Glibc
import TamisBits
import Testing

@testable import TamisFiles

struct StandardOutputTests {
    static func write(_ bytes: [UInt8], to descriptor: Int32) throws(TamisError) {
        _ = try ByteView.of(bytes) { view throws(TamisError) in
            try StandardOutput.write(view, to: descriptor)
            return true
        }
    }

    @Test func allBytesArrive() throws {
        let directory = TemporaryDirectory()
        let bytes = [UInt8](repeating: 7, count: 500_000)
        let number = open(directory["a"], O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(number) }
        try Self.write(bytes, to: number)
        try Self.write([], to: number)
        try Self.write([1, 2], to: number)
        #expect(directory.bytes("a") == bytes + [1, 2])
    }

    @Test func closedPipeIsAnError() {
        let pipe = Pipe()
        close(pipe.reading)
        defer { close(pipe.writing) }
        let fault = error { try Self.write([1], to: pipe.writing) }
        #expect(fault?.code == .inputOutput)
        #expect(fault?.message.contains("errno \(EPIPE)") == true)
    }

    @Test func fullDevice() {
        let number = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(number) }
        let fault = error { try Self.write([1], to: number) }
        #expect(fault?.code == .inputOutput)
        #expect(fault?.message.contains("No space left on device") == true)
    }

    /// The reader is slower than the writer, whose descriptor does not block.
    @Test func nonBlockingPipe() throws {
        let pipe = Pipe(nonBlocking: true)
        let reader = PipeReader(pipe.reading)
        let bytes = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 >> 3) }
        try Self.write(bytes, to: pipe.writing)
        close(pipe.writing)
        #expect(reader.wait() == bytes)
        close(pipe.reading)
    }
}
