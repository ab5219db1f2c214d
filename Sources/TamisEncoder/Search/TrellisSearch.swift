import TamisArithmetic
import TamisQuantization

/// Finds the indices of least distortion + λ · rate that a trellis allows (Viterbi 1967; Forney 1973).
///
/// Path costs are 16-bit integers that wrap around: they are compared by their differences, which stay small. Eight states share a
/// vector. A state's two predecessors have the parity of its highest bit, so that the lower half of the states goes on from the
/// even ones and the upper half from the odd ones.
enum TrellisSearch {
    /// - Parameters:
    ///   - window: with `selectRows` done for a spacing of 2.
    ///   - rates: with λ in `TrellisBranches.unitsPerSquaredStep`.
    ///   - start: the state that paths begin at.
    ///   - indices: as many as the window has places.
    static func search(
        _ window: borrowing SearchWindow, _ rates: IndexRates, _ trellis: Trellis, from start: Int = 0, into indices: UnsafeMutableBufferPointer<Int32>
    ) {
        precondition(indices.count == window.count)
        switch trellis.statesLog2 {
        case 3: unsafe search8(window, rates, trellis, from: start, into: indices)
        case 4: unsafe search(Trellis16.self, window, rates, trellis, from: start, into: indices)
        case 5: unsafe search(Trellis32.self, window, rates, trellis, from: start, into: indices)
        case 6: unsafe search(Trellis64.self, window, rates, trellis, from: start, into: indices)
        case 7: unsafe search(Trellis128.self, window, rates, trellis, from: start, into: indices)
        default: unsafe search(Trellis256.self, window, rates, trellis, from: start, into: indices)
        }
    }

    typealias Lanes = SIMD8<Int16>
    /// Weights whose decisions share a vector of 16-bit lanes.
    static let decisionsPerWord = 16
    /// What a path costs that does not begin where it should.
    private static let falseStart = Int16(8 * TrellisBranches.mostCost + 1)

    /// Takes the better of two paths into each of eight states, and notes which.
    @inline(__always)
    private static func survivors(_ even: Lanes, _ odd: Lanes, _ decisions: inout Lanes) -> Lanes {
        let difference = odd &- even
        // All ones where the odd one wins.
        let oddWins = difference &>> 15
        decisions = (decisions &+ decisions) &- oddWins
        return even &+ (difference & oddWins)
    }

    private static func search8(
        _ window: borrowing SearchWindow, _ rates: IndexRates, _ trellis: Trellis, from start: Int, into indices: UnsafeMutableBufferPointer<Int32>
    ) {
        let words = (window.count + decisionsPerWord - 1) / decisionsPerWord
        unsafe withUnsafeTemporaryAllocation(of: Lanes.self, capacity: max(words, 1)) { decisions in
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(window.count, 1)) { choices in
                unsafe rates.table.withUnsafeBufferPointer { table in
                    let table = unsafe table.baseAddress.unsafelyUnwrapped + RateRow.padding
                    let stepShifts = rates.stepShifts.span
                    var costs = Lanes(repeating: falseStart)
                    costs[start] = 0
                    for word in 0..<words {
                        var taken = Lanes(repeating: 0)
                        for i in (word * decisionsPerWord)..<min((word + 1) * decisionsPerWord, window.count) {
                            let row = unsafe Int(window.rows[i])
                            let branches = unsafe TrellisBranches(
                                window.magnitudes[i], table + row, stepShift: Int32(stepShifts[row / RateRow.classStride]))
                            unsafe choices[i] = branches.choices
                            let whole = branches.wholeCosts
                            let (eo, ee, oo, oe) = (whole[0], whole[1], whole[2], whole[3])
                            let even = Lanes(costs[0], costs[2], costs[4], costs[6], costs[3], costs[1], costs[7], costs[5])
                            let odd = Lanes(costs[4], costs[6], costs[0], costs[2], costs[7], costs[5], costs[3], costs[1])
                            costs = survivors(even &+ Lanes(ee, ee, ee, ee, oe, oe, oe, oe), odd &+ Lanes(eo, eo, eo, eo, oo, oo, oo, oo), &taken)
                        }
                        unsafe decisions[word] = taken
                    }
                    unsafe trace(window, trellis, costs: [costs], UnsafeBufferPointer(decisions), UnsafeBufferPointer(choices), into: indices)
                }
            }
        }
    }

    private static func search<Shape: TrellisShape>(
        _ shape: Shape.Type, _ window: borrowing SearchWindow, _ rates: IndexRates, _ trellis: Trellis, from start: Int,
        into indices: UnsafeMutableBufferPointer<Int32>
    ) {
        let words = (window.count + decisionsPerWord - 1) / decisionsPerWord
        let half = Shape.halfBlocks
        let blocks = 2 * half
        unsafe withUnsafeTemporaryAllocation(of: Lanes.self, capacity: max(words * blocks, 1)) { decisions in
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(window.count, 1)) { choices in
                unsafe withUnsafeTemporaryAllocation(of: Lanes.self, capacity: 4 * blocks) { memory in
                    unsafe rates.table.withUnsafeBufferPointer { table in
                        let table = unsafe table.baseAddress.unsafelyUnwrapped + RateRow.padding
                        let stepShifts = rates.stepShifts.span
                        // Costs of even states and of odd states; of all states, as they come to be.
                        let even = unsafe memory.baseAddress.unsafelyUnwrapped
                        let odd = unsafe even + half
                        let all = unsafe even + blocks
                        let taken = unsafe all + blocks
                        for block in 0..<blocks {
                            unsafe even[block] = Lanes(repeating: falseStart)
                            unsafe all[block] = Lanes(repeating: falseStart)
                        }
                        let first = unsafe start & 1 == 0 ? even : odd
                        unsafe first[start >> 4][(start >> 1) & 7] = 0
                        for word in 0..<words {
                            for block in 0..<blocks { unsafe taken[block] = Lanes(repeating: 0) }
                            for i in (word * decisionsPerWord)..<min((word + 1) * decisionsPerWord, window.count) {
                                let row = unsafe Int(window.rows[i])
                                let branches = unsafe TrellisBranches(
                                    window.magnitudes[i], table + row, stepShift: Int32(stepShifts[row / RateRow.classStride]))
                                unsafe choices[i] = branches.choices
                                let whole = branches.wholeCosts
                                let (eo, ee) = (Lanes(repeating: whole[0]), Lanes(repeating: whole[1]))
                                let (oo, oe) = (Lanes(repeating: whole[2]), Lanes(repeating: whole[3]))
                                for block in 0..<half {
                                    unsafe all[block] = survivors(
                                        even[block] &+ ee, even[block ^ (Shape.oddIndexMask >> 3)].exchanged(Shape.oddIndexMask & 7) &+ eo,
                                        &taken[block])
                                    unsafe all[half &+ block] = survivors(
                                        odd[block ^ (Shape.oddStateMask >> 3)].exchanged(Shape.oddStateMask & 7) &+ oe,
                                        odd[block ^ (Shape.bothMask >> 3)].exchanged(Shape.bothMask & 7) &+ oo, &taken[half &+ block])
                                }
                                for block in 0..<half {
                                    let (first, second) = unsafe (all[2 &* block], all[2 &* block &+ 1])
                                    unsafe even[block] = Lanes(lowHalf: first.evenHalf, highHalf: second.evenHalf)
                                    unsafe odd[block] = Lanes(lowHalf: first.oddHalf, highHalf: second.oddHalf)
                                }
                            }
                            for block in 0..<blocks { unsafe decisions[word &* blocks &+ block] = taken[block] }
                        }
                        let costs = unsafe Array(UnsafeBufferPointer(start: all, count: blocks))
                        unsafe trace(window, trellis, costs: costs, UnsafeBufferPointer(decisions), UnsafeBufferPointer(choices), into: indices)
                    }
                }
            }
        }
    }

    /// Follows the decisions back from the best last state.
    private static func trace(
        _ window: borrowing SearchWindow, _ trellis: Trellis, costs: [Lanes], _ decisions: UnsafeBufferPointer<Lanes>,
        _ choices: UnsafeBufferPointer<UInt8>, into indices: UnsafeMutableBufferPointer<Int32>
    ) {
        var state = 0
        var best = costs[0][0]
        for candidate in 1..<trellis.stateCount where costs[candidate >> 3][candidate & 7] &- best < 0 {
            state = candidate
            best = costs[candidate >> 3][candidate & 7]
        }
        // A vector's lanes are 16-bit words that follow one another by state.
        guard let words = unsafe UnsafeRawPointer(decisions.baseAddress) else { return }
        let wordBytes = costs.count * MemoryLayout<Lanes>.size
        let (top, oddState, oddIndex) = (trellis.statesLog2 - 1, trellis.oddStateMask, trellis.oddIndexMask)
        for word in stride(from: (window.count - 1) / decisionsPerWord, through: 0, by: -1) {
            let start = word * decisionsPerWord
            let count = min(decisionsPerWord, window.count - start)
            let own = unsafe words + word * wordBytes
            for number in 0..<count {
                let i = start &+ count &- 1 &- number
                let isOdd = unsafe Int(own.load(fromByteOffset: 2 &* state, as: UInt16.self) &>> UInt16(number)) & 1
                let before = state &>> top
                state = 2 &* (state ^ ((0 &- before) & oddState) ^ ((0 &- isOdd) & oddIndex)) &+ before
                let magnitude = unsafe TrellisBranches.index(window.magnitudes[i], kind: 2 &* before &+ 1 &- isOdd, choices: choices[i])
                unsafe indices[i] = window.signed(magnitude, at: i)
            }
        }
    }
}
