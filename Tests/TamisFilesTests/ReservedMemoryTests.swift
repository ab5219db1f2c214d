import TamisBits
import Testing

@testable import TamisFiles

struct ReservedMemoryTests {
    @Test func isZeroAndKeepsBytes() throws {
        let memory = try ReservedMemory(byteCount: 100_000)
        #expect(try memory.withView { $0.array } == [UInt8](repeating: 0, count: 100_000))
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try ByteView.of(bytes) { (view) throws(TamisError) in memory.region[99_000..<100_000].copy(from: view) }
        #expect(try memory.withView { $0[99_000..<100_000].array } == bytes)
    }

    @Test func nothing() throws {
        #expect(try ReservedMemory(byteCount: 0).withView { $0.count } == 0)
    }

    @Test(arguments: [1 << 60, UInt64(Int.max), .max]) func tooMuch(byteCount: UInt64) {
        let fault = error { _ = try ReservedMemory(byteCount: byteCount) }
        #expect(fault?.code == .limitExceeded && fault?.message.contains("\(byteCount) bytes") == true)
    }
}
