/// Four adaptive decisions that are coded as one symbol: how many of them are 1 before the first that is 0 (Spec §6.1, §6.2).
///
/// In memory a group is eight words, on a border of 32 bytes: the probabilities of the four decisions being 1, each of 31 bits, and
/// the rates at which they adapt, in 2^−16.
enum DecisionGroup {
    static let decisions = 4
    static let words = 8
    /// Of the first rate.
    static let rates = 4

    /// Probabilities move towards these. They go below the lower one by less than 2^13, and never above the other.
    static let floor: Int32 = 1 << 20
    static let ceiling: Int32 = .max - (1 << 20) + 1

    /// As if 8 symbols had been seen.
    static let startingRate: UInt32 = 1 << 13

    /// round(256 · exp(−2^(−s ⁄ 2))) for s = −5 … 13: how often a Laplacian of expected magnitude 2^(s ⁄ 2) goes on.
    private static let laplacian: [UInt32] = [3, 5, 15, 35, 62, 94, 126, 155, 180, 199, 215, 226, 234, 240, 245, 248, 250, 252, 253]

    /// The starting probability F[s] · 2^23 (Spec §6.2).
    static func startingProbability(_ s: Int) -> UInt32 { laplacian[min(max(s + 5, 0), laplacian.count - 1)] << 23 }

    /// Where the symbols of a group end within an interval: symbol v is the part from bound v + 1 up to bound v. Bound 0 is the width of
    /// the interval, bound 5 is 0, and bound j between them is (width >> 15) · share j.
    @safe
    struct Shares {
        let one, two, three, four: UInt64

        @inline(always)
        init(_ group: UnsafePointer<UInt32>) {
            let first = unsafe UInt64(group[0] &>> 16)
            let second = unsafe (first &* UInt64(group[1] &>> 16)) &>> 15
            let third = unsafe (second &* UInt64(group[2] &>> 16)) &>> 15
            let fourth = unsafe (third &* UInt64(group[3] &>> 16)) &>> 15
            one = first &+ 4
            two = second &+ 3
            three = third &+ 2
            four = fourth &+ 1
        }

        /// Shares 1 … 4 to places 1 … 4, to be looked up by a symbol without a branch.
        @inline(always)
        func store(to memory: UnsafeMutablePointer<UInt64>) {
            unsafe memory[1] = one
            unsafe memory[2] = two
            unsafe memory[3] = three
            unsafe memory[4] = four
        }
    }

    /// The bounds themselves.
    @safe
    struct Bounds {
        let one, two, three, four: UInt64

        @inline(always)
        init(_ group: UnsafePointer<UInt32>, _ range: UInt64) {
            let shares = unsafe Shares(group)
            let part = range &>> 15
            one = part &* shares.one
            two = part &* shares.two
            three = part &* shares.three
            four = part &* shares.four
        }

        /// Bounds 0 … 4 to places 0 … 4, to be looked up by a symbol without a branch.
        @inline(always)
        func store(_ range: UInt64, to memory: UnsafeMutablePointer<UInt64>) {
            unsafe memory[0] = range
            unsafe memory[1] = one
            unsafe memory[2] = two
            unsafe memory[3] = three
            unsafe memory[4] = four
        }

        /// Words of such memory; the last stays 0.
        static let memoryWords = 6
    }
}

/// How groups adapt, for one limit (Spec §6.2): a rate falls like the inverse of the times its decision was made, to 2^−limit.
@safe
struct DecisionAdaptation: ~Copyable {
    /// By symbol: what the four probabilities move towards, then all ones for the decisions that were made.
    private let moves: UnsafeMutablePointer<SIMD4<Int32>>
    private let lastRate: Int32

    /// - Parameter limit: 4 … 10.
    init(limit: Int) {
        precondition((4...10).contains(limit))
        lastRate = 1 << Int32(16 - limit)
        unsafe moves = .allocate(capacity: 2 * (DecisionGroup.decisions + 1))
        for symbol in 0...DecisionGroup.decisions {
            var (target, mask) = (SIMD4<Int32>(), SIMD4<Int32>())
            for decision in 0..<DecisionGroup.decisions {
                target[decision] = decision < symbol ? DecisionGroup.ceiling : DecisionGroup.floor
                mask[decision] = decision <= symbol ? -1 : 0
            }
            unsafe (moves + 2 * symbol).initialize(to: target)
            unsafe (moves + 2 * symbol + 1).initialize(to: mask)
        }
    }

    deinit { unsafe moves.deallocate() }

    /// What loops use of it; valid as long as it is.
    var view: View { unsafe View(moves: moves, lastRate: lastRate) }

    @safe
    struct View {
        private let moves: UnsafePointer<SIMD4<Int32>>
        private let lastRate: Int32

        fileprivate init(moves: UnsafePointer<SIMD4<Int32>>, lastRate: Int32) {
            unsafe self.moves = moves
            self.lastRate = lastRate
        }

        /// Lets a group learn a symbol, all decisions at once.
        @inline(always)
        func adapt(_ group: UnsafeMutablePointer<UInt32>, _ symbol: Int) {
            // Groups lie on borders of 32 bytes.
            let place = unsafe UnsafeMutableRawPointer(group).assumingMemoryBound(to: SIMD4<Int32>.self)
            let probabilities = unsafe place[0]
            // So small that the compiler finds the product of 16 bits.
            let rates = unsafe place[1] & 0x3FFF
            let move = unsafe moves + 2 &* symbol
            let (target, mask) = unsafe (move[0], move[1])
            unsafe place[0] = probabilities &+ ((((target &- probabilities) &>> 16) &* rates) & mask)
            let fall = (rates &* ((rates &- lastRate) & 0x3FFF) &+ 65535) &>> 16
            unsafe place[1] = rates &- (fall & mask)
        }

        /// The same, decision by decision.
        func adaptPlainly(_ group: UnsafeMutablePointer<UInt32>, _ symbol: Int) {
            for decision in 0...min(symbol, DecisionGroup.decisions - 1) {
                let probability = unsafe Int32(bitPattern: group[decision])
                let rate = unsafe Int32(bitPattern: group[DecisionGroup.rates + decision])
                let target = decision < symbol ? DecisionGroup.ceiling : DecisionGroup.floor
                unsafe group[decision] = UInt32(bitPattern: probability + ((target - probability) >> 16) * rate)
                unsafe group[DecisionGroup.rates + decision] = UInt32(bitPattern: rate - ((rate * (rate - lastRate) + 65535) >> 16))
            }
        }
    }
}
