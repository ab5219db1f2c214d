import TamisQuantization
import Testing

@testable import TamisEncoder

@Suite("How survivors of a trellis follow each other")
struct SurvivorShapeTests {
    /// Holds lanes that number the states, and the kinds of branches, against the state machine.
    private static func check<Shape: SurvivorShape>(_ shape: Shape.Type, _ statesLog2: Int) throws {
        let trellis = try #require(Trellis(statesLog2: statesLog2))
        #expect(Shape.blocks * 8 == trellis.stateCount)
        let numbers = (0..<Shape.blocks).map { block in SIMD8<Float>(0, 1, 2, 3, 4, 5, 6, 7) + Float(8 * block) }
        var wrong: [String] = []
        numbers.withUnsafeBufferPointer { numbers in
            guard let all = numbers.baseAddress else { return }
            for state in 0..<trellis.stateCount {
                let (block, lane) = (state / 8, state % 8)
                let before = Shape.predecessors(all, block)
                // Odd and even index in even states, then in odd ones.
                let kinds = Shape.kinds(SIMD4(0, 1, 2, 3), block)
                for (predecessor, kind, isOdd) in [(before.even[lane], kinds.even[lane], false), (before.odd[lane], kinds.odd[lane], true)] {
                    let expected = (Int(predecessor) & 1) * 2 + (isOdd ? 0 : 1)
                    if trellis.next(Int(predecessor), isOdd: isOdd) != state || Int(kind) != expected { wrong.append("\(predecessor) to \(state)") }
                }
            }
        }
        #expect(wrong == [])
    }

    @Test func predecessorsAndKindsAreThoseOfTheTrellis() throws {
        try Self.check(Trellis8.self, 3)
        try Self.check(Trellis16.self, 4)
        try Self.check(Trellis32.self, 5)
        try Self.check(Trellis64.self, 6)
        try Self.check(Trellis128.self, 7)
        try Self.check(Trellis256.self, 8)
    }
}
