/// The squared error of some values, and how it changes if all levels but zero move away from zero.
struct SquaredError: Sendable {
    var sum = 0.0
    /// Over values that are not at level zero: Σ (|x| − |x̂|) · step.
    var shift = 0.0
    /// Over the same values: Σ step².
    var moved = 0.0

    mutating func add(_ other: SquaredError) {
        sum += other.sum
        shift += other.shift
        moved += other.moved
    }

    /// The move with the least error, in 256ths of a step; within the format's range.
    var bestOffset: Int {
        if !(moved > 0) { return 0 }
        return Int(min(max((shift / moved * 256).rounded(.toNearestOrEven), -128), 128))
    }

    /// - Parameter offset: in 256ths of a step.
    mutating func move(by offset: Int) {
        let steps = Double(offset) / 256
        sum += steps * (steps * moved - 2 * shift)
        shift -= steps * moved
    }
}
