import TamisArithmetic
import TamisQuantization

/// Searches a trellis for indices with which the errors of an output's weights cancel (`ErrorCoupling`), for weights of an output
/// that lie next to each other.
///
/// Every survivor carries the errors of its own path (per-survivor processing: Raheli, Polydoros and Tzou, IEEE Trans. Comm. 43,
/// 1995), so that a branch is judged by what it leaves of the error at the output. Which levels compete is decided once for all
/// states, from the target of the cheapest path; what another path's target differs from it moves the costs of its branches.
enum TrellisFeedback {
    /// - Parameters:
    ///   - window: with rows selected; its values get lost.
    ///   - targets: the window's values in steps, of which those are left that were quantized: each with the errors of those before it
    ///     added.
    ///   - range: the window's places in the coding order.
    ///   - rates: with λ in `TrellisBranches.unitsPerSquaredStep`.
    ///   - offset: what is added to the magnitude of levels that are not zero, in steps.
    ///   - indices: as many as the window has places.
    static func search(
        _ window: borrowing SearchWindow, _ rates: IndexRates, _ trellis: Trellis, _ coupling: ErrorCoupling, range: Range<Int>, offset: Float,
        targets: UnsafeMutableBufferPointer<Float>, into indices: UnsafeMutableBufferPointer<Int32>
    ) {
        precondition(window.count == range.count && indices.count == range.count && targets.count == range.count)
        let search = unsafe TrellisFeedbackSearch(
            values: UnsafePointer(targets.baseAddress.unsafelyUnwrapped), rates: rates, trellis: trellis, fragments: coupling.fragments(of: range),
            offset: offset)
        switch coupling.form {
        case .synthetic(let factor):
            unsafe factor.tapGains.withUnsafeBufferPointer { tapGains in
                var errors = unsafe KroneckerSurvivorErrors(factor, tapGains: tapGains.baseAddress.unsafelyUnwrapped)
                unsafe search.run(window, &errors, into: indices)
            }
        case .measured(let factors):
            unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: coupling.columns) { shared in
                unsafe TriangularFactor.withPointers(factors) { gains, weights in
                    var errors = unsafe MeasuredSurvivorErrors(
                        size: coupling.columns, gains: gains, weights: weights, memory: shared.baseAddress.unsafelyUnwrapped)
                    unsafe search.run(window, &errors, into: indices)
                }
            }
        }
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: max(range.count, 1)) { levels in
            var state = 0
            for i in 0..<range.count {
                let index = unsafe indices[i]
                unsafe levels[i] = Float(Trellis.level(of: index, in: state)) + Float(index.signum()) * offset
                state = trellis.next(state, isOdd: index & 1 != 0)
            }
            unsafe ScalarFeedback.follow(targets, coupling, range: range, levels: UnsafePointer(levels.baseAddress.unsafelyUnwrapped))
        }
    }
}

/// One search of `TrellisFeedback`.
@safe
private struct TrellisFeedbackSearch {
    typealias Lanes = SIMD8<Float>
    /// In steps.
    let values: UnsafePointer<Float>
    let rates: IndexRates
    let trellis: Trellis
    let fragments: [ErrorCoupling.Fragment]
    let offset: Float

    /// Weights whose decisions share a vector of 32-bit lanes.
    private static let decisionsPerWord = 32
    /// What a path costs that does not begin at state 0.
    private static let falseStart: Float = 1e6

    func run<Errors: SurvivorErrors>(_ window: borrowing SearchWindow, _ errors: inout Errors, into indices: UnsafeMutableBufferPointer<Int32>) {
        switch trellis.statesLog2 {
        case 3: unsafe run(Trellis8.self, window, &errors, into: indices)
        case 4: unsafe run(Trellis16.self, window, &errors, into: indices)
        case 5: unsafe run(Trellis32.self, window, &errors, into: indices)
        case 6: unsafe run(Trellis64.self, window, &errors, into: indices)
        case 7: unsafe run(Trellis128.self, window, &errors, into: indices)
        default: unsafe run(Trellis256.self, window, &errors, into: indices)
        }
    }

    /// What is known of the paths.
    @safe
    private struct Paths {
        let costs: UnsafeMutablePointer<Lanes>
        /// Bit i % 32 of word i / 32 of a state: the best path into it at place i has an odd index.
        let decisions: UnsafeMutablePointer<SIMD8<UInt32>>
        /// As of `TrellisBranches`, by place.
        let choices: UnsafeMutablePointer<UInt8>
    }

    private func run<Shape: SurvivorShape, Errors: SurvivorErrors>(
        _ shape: Shape.Type, _ window: borrowing SearchWindow, _ errors: inout Errors, into indices: UnsafeMutableBufferPointer<Int32>
    ) {
        let (blocks, count) = (Shape.blocks, indices.count)
        let vectors = errors.vectors
        unsafe withUnsafeTemporaryAllocation(of: SIMD8<UInt32>.self, capacity: (count / Self.decisionsPerWord + 1) * blocks) { decisions in
            unsafe decisions.update(repeating: SIMD8<UInt32>())
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(count, 1)) { choices in
                unsafe withUnsafeTemporaryAllocation(of: Lanes.self, capacity: (6 + 2 * vectors) * blocks) { memory in
                    let paths = unsafe Paths(
                        costs: memory.baseAddress.unsafelyUnwrapped, decisions: decisions.baseAddress.unsafelyUnwrapped,
                        choices: choices.baseAddress.unsafelyUnwrapped)
                    for block in 0..<blocks { unsafe paths.costs[block] = Lanes(repeating: Self.falseStart) }
                    unsafe paths.costs[0][0] = 0
                    search(shape, window, &errors, paths)
                    trace(window, paths, from: count - 1, through: 0) { place, index, _ in unsafe indices[place] = index }
                }
            }
        }
    }

    private func search<Shape: SurvivorShape, Errors: SurvivorErrors>(
        _ shape: Shape.Type, _ window: borrowing SearchWindow, _ errors: inout Errors, _ paths: Paths
    ) {
        let blocks = Shape.blocks
        let size = errors.vectors * blocks
        let costs = unsafe paths.costs
        let bases = unsafe costs + blocks
        let slopes = unsafe bases + blocks
        let added = unsafe slopes + blocks
        // The state that each path had when errors were told the last time.
        var origins = unsafe added + blocks
        var nextOrigins = unsafe origins + blocks
        var carried = unsafe nextOrigins + blocks
        var next = unsafe carried + size
        unsafe rates.table.withUnsafeBufferPointer { table in
            let table = unsafe table.baseAddress.unsafelyUnwrapped + RateRow.padding
            let stepShifts = rates.stepShifts.span
            for fragment in fragments {
                unsafe carried.update(repeating: Lanes(), count: size)
                errors.start(fragment)
                unsafe Self.number(origins, blocks)
                for i in fragment.start..<(fragment.start + fragment.count) {
                    for block in 0..<blocks { unsafe added[block] = errors.added(UnsafePointer(carried), block, blocks) }
                    let x = unsafe values[i]
                    // What the cheapest path adds.
                    let best = unsafe Self.best(UnsafePointer(costs), blocks)
                    let centre = unsafe x == 0 ? 0 : added[best >> 3][best & 7]
                    let target = x + centre
                    let sign: Float = target < 0 ? -1 : 1
                    window.setValue(target, at: i)
                    let row = unsafe Int(window.rows[i])
                    let units = TrellisBranches.unitsPerSquaredStep * errors.weight
                    let branches = unsafe TrellisBranches(
                        target.magnitude, table + row, stepShift: Int32(stepShifts[row / RateRow.classStride]), unitsPerSquaredStep: units)
                    unsafe paths.choices[i] = branches.choices
                    // A zero stays zero, whatever the errors before it.
                    let differing: Float = x == 0 ? 0 : sign
                    for block in 0..<blocks {
                        let difference = unsafe (added[block] - centre) * differing
                        let weighted = difference * units
                        unsafe bases[block] = costs[block] + weighted * difference
                        unsafe slopes[block] = weighted + weighted
                    }
                    let moved = branches.distances.replaced(
                        with: branches.distances - offset, where: (branches.distances .< SIMD4(repeating: target.magnitude - 0.5)).lanes)
                    let left = moved * sign - centre
                    let (word, bit) = (i / Self.decisionsPerWord * blocks, UInt32(truncatingIfNeeded: i % Self.decisionsPerWord))
                    for block in 0..<blocks {
                        let base = unsafe Shape.predecessors(UnsafePointer(bases), block)
                        let slope = unsafe Shape.predecessors(UnsafePointer(slopes), block)
                        let cost = Shape.kinds(branches.costs, block)
                        let distance = Shape.kinds(branches.distances, block)
                        let error = Shape.kinds(left, block)
                        let even = base.even + slope.even * distance.even + cost.even
                        let odd = base.odd + slope.odd * distance.odd + cost.odd
                        let oddWins = (odd .< even).lanes
                        unsafe costs[block] = even.replaced(with: odd, where: oddWins)
                        unsafe paths.decisions[word &+ block] |= SIMD8<UInt32>(truncatingIfNeeded: oddWins) & (1 &<< bit)
                        if Errors.told > 0 {
                            let old = unsafe Shape.predecessors(UnsafePointer(origins), block)
                            unsafe nextOrigins[block] = old.even.replaced(with: old.odd, where: oddWins)
                        }
                        unsafe errors.update(
                            shape, UnsafePointer(carried), into: next, block, oddWins: oddWins, own: error.even.replaced(with: error.odd, where: oddWins))
                    }
                    unsafe swap(&carried, &next)
                    errors.advance()
                    if i & 15 == 15 {
                        let least = unsafe Self.least(costs, blocks)
                        for block in 0..<blocks { unsafe costs[block] -= least }
                    }
                    if Errors.told == 0 { continue }
                    unsafe swap(&origins, &nextOrigins)
                    let done = i &+ 1 &- fragment.start
                    if done % Errors.told != 0 { continue }
                    if done > Errors.told {
                        let last = i - Errors.told
                        unsafe Self.keep(costs, sharing: UnsafePointer(origins), blocks)
                        trace(window, paths, from: i, through: last + 1 - Errors.told) { place, index, isOddState in
                            if place > last { return }
                            let level = Float(2 &* index &- (isOddState ? index.signum() : 0)) + Float(index.signum()) * offset
                            unsafe errors.tell(values[place] - level, column: place - fragment.start)
                        }
                    }
                    unsafe Self.number(origins, blocks)
                }
            }
        }
    }

    /// The state of the cheapest path.
    private static func best(_ costs: UnsafePointer<Lanes>, _ blocks: Int) -> Int {
        let flat = unsafe UnsafeRawPointer(costs).assumingMemoryBound(to: Float.self)
        var best = 0
        var least = unsafe flat[0]
        for state in 1..<(8 &* blocks) {
            let cost = unsafe flat[state]
            if cost < least {
                least = cost
                best = state
            }
        }
        return best
    }

    /// Gives each state its own number.
    private static func number(_ origins: UnsafeMutablePointer<Lanes>, _ blocks: Int) {
        for block in 0..<blocks { unsafe origins[block] = Lanes(0, 1, 2, 3, 4, 5, 6, 7) + Float(8 &* block) }
    }

    /// Gives up the paths that do not have the origin of the cheapest one.
    private static func keep(_ costs: UnsafeMutablePointer<Lanes>, sharing origins: UnsafePointer<Lanes>, _ blocks: Int) {
        let best = unsafe best(UnsafePointer(costs), blocks)
        let origin = unsafe origins[best >> 3][best & 7]
        for block in 0..<blocks { unsafe costs[block].replace(with: costs[block] + falseStart, where: origins[block] .!= origin) }
    }

    private static func least(_ costs: UnsafePointer<Lanes>, _ blocks: Int) -> Float {
        var least = unsafe costs[0]
        for block in 1..<max(blocks, 1) { unsafe least.replace(with: costs[block], where: costs[block] .< least) }
        return least.min()
    }

    /// Follows the decisions back from the best state after place `from`.
    ///
    /// - Parameter body: takes a place, its index, and whether that is one of the odd quantizer.
    private func trace(_ window: borrowing SearchWindow, _ paths: Paths, from: Int, through: Int, _ body: (Int, Int32, Bool) -> Void) {
        let blocks = trellis.stateCount / 8
        var state = 0
        for candidate in 1..<trellis.stateCount
        where unsafe paths.costs[candidate >> 3][candidate & 7] < paths.costs[state >> 3][state & 7] { state = candidate }
        let top = trellis.statesLog2 - 1
        for i in stride(from: from, through: through, by: -1) {
            let word = unsafe paths.decisions[(i / Self.decisionsPerWord) &* blocks &+ state >> 3][state & 7]
            let isOdd = Int(word &>> UInt32(truncatingIfNeeded: i % Self.decisionsPerWord)) & 1
            let before = state &>> top
            state = 2 &* (state ^ ((0 &- before) & trellis.oddStateMask) ^ ((0 &- isOdd) & trellis.oddIndexMask)) &+ before
            let magnitude = unsafe TrellisBranches.index(window.magnitudes[i], kind: 2 &* before &+ 1 &- isOdd, choices: paths.choices[i])
            body(i, window.signed(magnitude, at: i), before != 0)
        }
    }
}
