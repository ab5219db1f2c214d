import Testing

@testable import TamisEncoder

@Suite("Selections among the lanes of a vector")
struct LaneSelectionTests {
    @Test func replacing() {
        let (a, b) = (SIMD4<Float>(1, 5, -2, 7), SIMD4<Float>(2, 3, -3, 8))
        #expect(a.replaced(with: b, where: (b .< a).lanes) == SIMD4(1, 3, -3, 7))
        let (c, d) = (SIMD8<Float>(lowHalf: a, highHalf: b), SIMD8<Float>(lowHalf: b, highHalf: a))
        #expect(c.replaced(with: d, where: (d .< c).lanes) == SIMD8(1, 3, -3, 7, 1, 3, -3, 7))
    }
}
