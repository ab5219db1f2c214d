import TamisQuantization
import TamisTestSupport
import Testing

@Suite("Scale classes change at 2^((k ± ½) ⁄ 2)")
struct LineScaleTests {
    /// The smallest binary64 number above 2^(quarters ⁄ 4) for an odd number of quarters, by exact comparison of fourth powers.
    private static func border(quarters: Int) -> Double {
        let (whole, odd) = (quarters >> 2, quarters & 3)
        // x ⁄ 2^52 with x of 53 bits: x^4 against 2^(208 + odd), 256 bits wide.
        func isAbove(_ x: UInt128) -> Bool {
            let (high, _) = (x * x).multipliedFullWidth(by: x * x)
            return high >= UInt128(1) << UInt128(80 + odd)
        }
        var (below, above) = (UInt128(1) << 52, UInt128(1) << 53)
        while above - below > 1 {
            let middle = (below + above) / 2
            if isAbove(middle) { above = middle } else { below = middle }
        }
        return Double(UInt64(above)) * Double(sign: .plus, exponent: whole - 52, significand: 1)
    }

    @Test(arguments: -40...40)
    func bordersAreExact(_ k: Int) {
        let border = Self.border(quarters: 2 * k + 1)
        #expect(LineScale.halfOctaves(of: border, against: 1) == k + 1)
        #expect(LineScale.halfOctaves(of: border.nextDown, against: 1) == k)
        #expect(LineScale.halfOctaves(of: border * 0x1p-200, against: 0x1p-200) == k + 1)
        #expect(LineScale.scaleClass(of: border, against: 1) == Int8(min(max(k + 1, -16), 15)))
        #expect(LineScale.scaleClass(of: border.nextDown, against: 1) == Int8(min(max(k, -16), 15)))
    }

    @Test func powersOfTwoAreInTheMiddle() {
        for k in -30...30 { #expect(LineScale.halfOctaves(of: Double(sign: .plus, exponent: k, significand: 1), against: 1) == 2 * k) }
    }

    @Test func endsOfTheRange() {
        #expect(LineScale.halfOctaves(of: 0, against: 1) == -4096)
        #expect(LineScale.scaleClass(of: 0, against: 1) == -16)
        #expect(LineScale.halfOctaves(of: .leastNonzeroMagnitude, against: .greatestFiniteMagnitude) == -4096)
        #expect(LineScale.halfOctaves(of: .leastNonzeroMagnitude, against: 1) == -2148)
        #expect(LineScale.halfOctaves(of: .greatestFiniteMagnitude, against: .leastNonzeroMagnitude) == 4096)
        #expect(LineScale.scaleClass(of: .greatestFiniteMagnitude, against: .leastNonzeroMagnitude) == 15)
        #expect(LineScale.scaleClass(of: 5, against: 5) == 0)
    }
}
