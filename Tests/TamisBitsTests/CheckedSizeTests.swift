import TamisBits
import Testing

struct CheckedSizeTests {
    @Test func withinRange() throws {
        #expect(try (UInt64.max - 1).adding(1, "a") == .max)
        #expect(try UInt64(1 << 32).multiplied(by: (1 << 32) - 1, "a") == 0xFFFF_FFFF_0000_0000)
        #expect(try UInt64(0).multiplied(by: .max, "a") == 0)
    }

    @Test func beyondRange() {
        let overflow = TamisError(.limitExceeded, "a size does not fit 64 bits", element: "a")
        #expect(throws: overflow) { try UInt64.max.adding(1, "a") }
        #expect(throws: overflow) { try UInt64(1 << 32).multiplied(by: 1 << 32, "a") }
        #expect(throws: overflow) { try UInt64.max.multiplied(by: 2, "a") }
    }
}
