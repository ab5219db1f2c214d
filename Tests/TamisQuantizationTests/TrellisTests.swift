import TamisQuantization
import Testing

@Suite("The state machine of the trellis")
struct TrellisTests {
    /// Spec §7.3, in octal there: h0 and h1 by ν.
    private static let polynomials: [Int: (h0: Int, h1: Int)] = [
        3: (0o13, 0o04), 4: (0o23, 0o04), 5: (0o45, 0o10), 6: (0o103, 0o024), 7: (0o235, 0o126), 8: (0o515, 0o362),
    ]

    /// The next state bit by bit: bit i − 1 is bit i of the state, exclusive or bit i of h0 if the state is odd, of h1 if the index is.
    private static func next(_ state: Int, isOdd: Bool, statesLog2: Int) throws -> Int {
        let (h0, h1) = try #require(polynomials[statesLog2])
        var result = 0
        for i in 1...statesLog2 {
            var bit = i == statesLog2 ? 0 : state >> i & 1
            if state & 1 == 1 { bit ^= h0 >> i & 1 }
            if isOdd { bit ^= h1 >> i & 1 }
            result |= bit << (i - 1)
        }
        return result
    }

    @Test(arguments: 3...8)
    func nextStateIsThatOfTheDefinition(_ statesLog2: Int) throws {
        let trellis = try #require(Trellis(statesLog2: statesLog2))
        #expect(trellis.statesLog2 == statesLog2 && trellis.stateCount == 1 << statesLog2)
        for state in 0..<trellis.stateCount {
            for isOdd in [false, true] {
                #expect(trellis.next(state, isOdd: isOdd) == (try Self.next(state, isOdd: isOdd, statesLog2: statesLog2)), "state \(state)")
            }
        }
    }

    /// The table of Spec §7.3.
    @Test func masks() {
        let expected = [(0x05, 0x02), (0x09, 0x02), (0x12, 0x04), (0x21, 0x0A), (0x4E, 0x2B), (0xA6, 0x79)]
        for (statesLog2, masks) in zip(3...8, expected) {
            #expect(Trellis(statesLog2: statesLog2)?.oddStateMask == masks.0 && Trellis(statesLog2: statesLog2)?.oddIndexMask == masks.1)
        }
        for statesLog2 in [0, 2, 9, -1] { #expect(Trellis(statesLog2: statesLog2) == nil) }
    }

    @Test(arguments: 3...8)
    func everyStateIsReachedInAsManyStepsAsItHasBits(_ statesLog2: Int) throws {
        let trellis = try #require(Trellis(statesLog2: statesLog2))
        var reached: Set<Int> = [0]
        for _ in 0..<statesLog2 { reached = Set(reached.flatMap { [trellis.next($0, isOdd: false), trellis.next($0, isOdd: true)] }) }
        #expect(reached == Set(0..<trellis.stateCount))
    }

    /// Two predecessors each, of the parity of the state's highest bit, one by an even and one by an odd index.
    @Test(arguments: 3...8)
    func predecessors(_ statesLog2: Int) throws {
        let trellis = try #require(Trellis(statesLog2: statesLog2))
        var before = [[(state: Int, isOdd: Bool)]](repeating: [], count: trellis.stateCount)
        for state in 0..<trellis.stateCount { for isOdd in [false, true] { before[trellis.next(state, isOdd: isOdd)].append((state, isOdd)) } }
        for (state, two) in before.enumerated() {
            try #require(two.count == 2)
            #expect(two[0].state != two[1].state && two[0].isOdd != two[1].isOdd)
            #expect(two.allSatisfy { $0.state & 1 == state >> (statesLog2 - 1) })
        }
    }

    /// The quantizers of even and of odd states have the multiples of the step between them, and 0 both.
    @Test func levels() {
        #expect((-3...3).map { Trellis.level(of: $0, in: 0) } == [-6, -4, -2, 0, 2, 4, 6])
        #expect((-3...3).map { Trellis.level(of: $0, in: 1) } == [-5, -3, -1, 0, 1, 3, 5])
        #expect(Trellis.level(of: 1 << 30 - 1, in: 6) == .max - 1 && Trellis.level(of: 1 - 1 << 30, in: 7) == 2 - .max)
    }

    /// The example of Spec §7.3.
    @Test func example() throws {
        let trellis = try #require(Trellis(statesLog2: 3))
        var state = 0
        var states: [Int] = []
        var levels: [Int32] = []
        for index in [1, 0, -3, 2, -1, 0] as [Int32] {
            states.append(state)
            levels.append(Trellis.level(of: index, in: state))
            state = trellis.next(state, isOdd: index & 1 != 0)
        }
        #expect(states == [0, 2, 1, 7, 6, 1] && state == 5 && levels == [2, 0, -5, 3, -2, 0])
    }
}
