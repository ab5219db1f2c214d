/// The errors of eight rows of weights, a lane each, and what they add to the weights that follow.
protocol RowErrors {
    typealias Lanes = SIMD8<Float>
    /// Forgets all errors; `fragment` is what comes.
    mutating func start(_ fragment: ErrorCoupling.Fragment)
    /// What is added to the next weights.
    func added() -> Lanes
    /// Takes the errors of these weights and goes on to those after them.
    mutating func take(_ errors: Lanes)
}

extension ErrorCoupling.KroneckerFactor {
    /// Where in a fragment a weight is.
    struct Position {
        let taps: Int
        private(set) var tap = 0
        /// Channels that follow.
        private(set) var following = 0

        init(taps: Int) { self.taps = taps }

        @inline(__always)
        mutating func start(_ fragment: ErrorCoupling.Fragment) {
            tap = fragment.column % taps
            following = (fragment.column + fragment.count - 1) / taps - fragment.column / taps
        }

        @inline(__always)
        mutating func advance() {
            tap &+= 1
            if tap == taps {
                tap = 0
                following &-= 1
            }
        }
    }
}

/// Errors under synthetic moments: sums over the channels by tap, and the errors of the channel that is being quantized.
@safe
struct KroneckerRowErrors: RowErrors {
    private let channelGains: UnsafePointer<Float>
    private let tapGains: UnsafePointer<Float>
    private let sums: UnsafeMutablePointer<Lanes>
    /// With what the channels before add to them.
    private let own: UnsafeMutablePointer<Lanes>
    private var position: ErrorCoupling.KroneckerFactor.Position

    static func memory(_ factor: ErrorCoupling.KroneckerFactor) -> Int { 2 * factor.taps }

    /// - Parameters: arrays of the factor, and room for `memory(factor)` vectors.
    init(taps: Int, channelGains: UnsafePointer<Float>, tapGains: UnsafePointer<Float>, memory: UnsafeMutablePointer<Lanes>) {
        unsafe self.channelGains = channelGains
        unsafe self.tapGains = tapGains
        unsafe sums = memory
        unsafe own = memory + taps
        position = ErrorCoupling.KroneckerFactor.Position(taps: taps)
    }

    mutating func start(_ fragment: ErrorCoupling.Fragment) {
        unsafe sums.update(repeating: Lanes(), count: 2 * position.taps)
        position.start(fragment)
    }

    @inline(__always)
    private var carried: Lanes { unsafe sums[position.tap] * channelGains[position.following] }

    @inline(__always)
    func added() -> Lanes {
        var sum = carried
        for before in 0..<position.tap { unsafe sum += own[before] * tapGains[before &* position.taps &+ position.tap] }
        return sum
    }

    @inline(__always)
    mutating func take(_ errors: Lanes) {
        unsafe own[position.tap] = errors + carried
        unsafe sums[position.tap] += errors
        position.advance()
    }
}

/// Errors under measured moments: what they add to each of the weights that follow.
@safe
struct MeasuredRowErrors: RowErrors {
    private let size: Int
    /// By group.
    private let gains: [UnsafePointer<Float>]
    private var own: UnsafePointer<Float>
    private let sums: UnsafeMutablePointer<Lanes>
    private var column = 0
    private var end = 0

    /// - Parameters: U of each group, and room for `size` vectors.
    init(size: Int, gains: [UnsafePointer<Float>], memory: UnsafeMutablePointer<Lanes>) {
        self.size = size
        unsafe self.gains = gains
        unsafe own = gains[0]
        unsafe sums = memory
    }

    mutating func start(_ fragment: ErrorCoupling.Fragment) {
        unsafe own = gains[fragment.group]
        column = fragment.column
        end = fragment.column + fragment.count
        for place in column..<end { unsafe sums[place] = Lanes() }
    }

    @inline(__always)
    func added() -> Lanes { unsafe sums[column] }

    @inline(__always)
    mutating func take(_ errors: Lanes) {
        let row = unsafe own + column &* size
        for later in (column &+ 1)..<max(end, column &+ 1) { unsafe sums[later] += errors * row[later] }
        column &+= 1
    }
}

extension ErrorCoupling {
    /// Calls `body` with memory for the errors of rows.
    func withRowErrors(_ synthetic: (inout KroneckerRowErrors) -> Void, _ measured: (inout MeasuredRowErrors) -> Void) {
        switch form {
        case .synthetic(let factor):
            unsafe withUnsafeTemporaryAllocation(of: SIMD8<Float>.self, capacity: KroneckerRowErrors.memory(factor)) { memory in
                unsafe factor.channelGains.withUnsafeBufferPointer { channelGains in
                    unsafe factor.tapGains.withUnsafeBufferPointer { tapGains in
                        var errors = unsafe KroneckerRowErrors(
                            taps: factor.taps, channelGains: channelGains.baseAddress.unsafelyUnwrapped, tapGains: tapGains.baseAddress.unsafelyUnwrapped,
                            memory: memory.baseAddress.unsafelyUnwrapped)
                        synthetic(&errors)
                    }
                }
            }
        case .measured(let factors):
            unsafe withUnsafeTemporaryAllocation(of: SIMD8<Float>.self, capacity: columns) { memory in
                unsafe TriangularFactor.withPointers(factors) { gains, _ in
                    var errors = unsafe MeasuredRowErrors(size: columns, gains: gains, memory: memory.baseAddress.unsafelyUnwrapped)
                    measured(&errors)
                }
            }
        }
    }
}

extension TriangularFactor {
    /// The first entries of each factor's U and weights.
    static func withPointers(_ factors: [TriangularFactor], _ body: ([UnsafePointer<Float>], [UnsafePointer<Float>]) -> Void) {
        // The arrays of `factors` own the memory, and stay.
        withExtendedLifetime(factors) {
            unsafe body(
                factors.map { unsafe $0.gains.withUnsafeBufferPointer { unsafe $0.baseAddress.unsafelyUnwrapped } },
                factors.map { unsafe $0.weights.withUnsafeBufferPointer { unsafe $0.baseAddress.unsafelyUnwrapped } })
        }
    }
}
