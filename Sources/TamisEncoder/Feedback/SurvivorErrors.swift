/// The errors of the survivors of a trellis, a lane each, in vectors that are handed from state to state; and what they add to the
/// weights that follow.
protocol SurvivorErrors {
    typealias Lanes = SIMD8<Float>
    /// Vectors of each block of states.
    var vectors: Int { get }
    /// d of the next weight over its mean.
    var weight: Float { get }
    /// After so many places the errors of the same number of places are told, which lie as many places back: by then paths have mostly
    /// met, and those that have not are given up. 0 if no errors are told.
    static var told: Int { get }

    mutating func start(_ fragment: ErrorCoupling.Fragment)
    /// What is added to the next weight in the states of a block.
    func added(_ carried: UnsafePointer<Lanes>, _ block: Int, _ blocks: Int) -> Lanes
    /// Hands the vectors on to the states of a block, and takes the error of the weight on each path.
    ///
    /// - Parameter oddWins: all ones where the path comes by an odd index, else 0.
    func update<Shape: SurvivorShape>(
        _ shape: Shape.Type, _ carried: UnsafePointer<Lanes>, into next: UnsafeMutablePointer<Lanes>, _ block: Int,
        oddWins: SIMD8<Int32>, own: Lanes)
    /// Goes on to the next weight.
    mutating func advance()
    /// Takes the error that a column of the fragment has on all paths.
    mutating func tell(_ error: Float, column: Int)
}

/// Under synthetic moments: sums of errors by tap, then the errors of this channel by tap with what the channels before add to them.
@safe
struct KroneckerSurvivorErrors: SurvivorErrors {
    private let factor: ErrorCoupling.KroneckerFactor
    private let tapGains: UnsafePointer<Float>
    private var position: ErrorCoupling.KroneckerFactor.Position
    private(set) var weight: Float = 1
    private var gain: Float = 0

    static var told: Int { 0 }
    var vectors: Int { 2 * position.taps }

    /// - Parameter tapGains: of the factor.
    init(_ factor: ErrorCoupling.KroneckerFactor, tapGains: UnsafePointer<Float>) {
        self.factor = factor
        unsafe self.tapGains = tapGains
        position = ErrorCoupling.KroneckerFactor.Position(taps: factor.taps)
    }

    @inline(__always)
    private mutating func look() {
        if position.following < 0 { return }
        gain = factor.channelGains[position.following]
        weight = factor.channelWeights[position.following] * factor.tapWeights[position.tap]
    }

    mutating func start(_ fragment: ErrorCoupling.Fragment) {
        position.start(fragment)
        look()
    }

    @inline(__always)
    func added(_ carried: UnsafePointer<Lanes>, _ block: Int, _ blocks: Int) -> Lanes {
        let (taps, tap) = (position.taps, position.tap)
        var sum = unsafe carried[tap &* blocks &+ block] * gain
        for before in 0..<tap { unsafe sum += carried[(taps &+ before) &* blocks &+ block] * tapGains[before &* taps &+ tap] }
        return sum
    }

    @inline(__always)
    func update<Shape: SurvivorShape>(
        _ shape: Shape.Type, _ carried: UnsafePointer<Lanes>, into next: UnsafeMutablePointer<Lanes>, _ block: Int,
        oddWins: SIMD8<Int32>, own: Lanes
    ) {
        let (taps, tap, blocks) = (position.taps, position.tap, Shape.blocks)
        for v in 0..<(taps &+ tap) {
            let old = unsafe Shape.predecessors(carried + v &* blocks, block)
            unsafe next[v &* blocks &+ block] = old.even.replaced(with: old.odd, where: oddWins)
        }
        let sum = unsafe next[tap &* blocks &+ block]
        unsafe next[(taps &+ tap) &* blocks &+ block] = own + sum * gain
        unsafe next[tap &* blocks &+ block] = sum + own
    }

    @inline(__always)
    mutating func advance() {
        position.advance()
        look()
    }

    func tell(_ error: Float, column: Int) {}
}

/// Under measured moments: what the errors add to each of the next weights, in a ring; what older errors add, which all paths share,
/// is known for the whole row.
@safe
struct MeasuredSurvivorErrors: SurvivorErrors {
    /// Weights that a path's own errors are added to.
    private static let reach = 32
    private let size: Int
    /// By group: rows of U, and d over its mean.
    private let gains: [UnsafePointer<Float>]
    private let weights: [UnsafePointer<Float>]
    /// What the errors add that were told, by column.
    private let shared: UnsafeMutablePointer<Float>
    private var group = 0
    private var first = 0
    private var column = 0
    private var end = 0

    static var told: Int { 16 }
    var vectors: Int { Self.reach }

    /// - Parameters: U and weights of each group, and room for `size` numbers.
    init(size: Int, gains: [UnsafePointer<Float>], weights: [UnsafePointer<Float>], memory: UnsafeMutablePointer<Float>) {
        self.size = size
        unsafe self.gains = gains
        unsafe self.weights = weights
        unsafe shared = memory
    }

    var weight: Float { unsafe weights[group][column] }

    mutating func start(_ fragment: ErrorCoupling.Fragment) {
        group = fragment.group
        first = fragment.column
        column = fragment.column
        end = fragment.column + fragment.count
        unsafe shared.update(repeating: 0, count: size)
    }

    @inline(__always)
    func added(_ carried: UnsafePointer<Lanes>, _ block: Int, _ blocks: Int) -> Lanes {
        unsafe carried[(column % Self.reach) &* blocks &+ block] + shared[column]
    }

    @inline(__always)
    func update<Shape: SurvivorShape>(
        _ shape: Shape.Type, _ carried: UnsafePointer<Lanes>, into next: UnsafeMutablePointer<Lanes>, _ block: Int,
        oddWins: SIMD8<Int32>, own: Lanes
    ) {
        let blocks = Shape.blocks
        let row = unsafe gains[group] + column &* size
        for later in (column &+ 1)..<max(min(column &+ Self.reach, end), column &+ 1) {
            let slot = (later % Self.reach) &* blocks
            let old = unsafe Shape.predecessors(carried + slot, block)
            unsafe next[slot &+ block] = old.even.replaced(with: old.odd, where: oddWins) + own * row[later]
        }
        // The slot of this weight is that of the weight at the end of its reach.
        let last = column &+ Self.reach
        unsafe next[(column % Self.reach) &* blocks &+ block] = last < end ? own * row[last] : Lanes()
    }

    @inline(__always)
    mutating func advance() { column &+= 1 }

    mutating func tell(_ error: Float, column place: Int) {
        let row = unsafe gains[group] + (first + place) * size
        for later in (first + place + Self.reach + 1)..<max(end, first + place + Self.reach + 1) { unsafe shared[later] += error * row[later] }
    }
}
