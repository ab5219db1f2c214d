/// The squared error of some values, and how it changes if all levels but zero move away from zero.
///
/// Where errors are hidden (`ErrorCoupling`), what is quantized is not the values: then the errors of the two differ. Sums are then over
/// Uᵀ · x in place of values x, by the weights d: the inner products of outputs, if the inputs are as the coupling has it.
struct SquaredError: Sendable, Equatable {
    /// Of what was quantized, by what it weighs at the output.
    var sum = 0.0
    /// Of the values.
    var ofValues = 0.0
    /// Over values that are not at level zero: Σ (|x| − |x̂|) · step, of what was quantized and of the values.
    private var shift = 0.0
    private var shiftOfValues = 0.0
    /// Over the same values: Σ step².
    private var moved = 0.0
    private var movedOfValues = 0.0

    /// Inner products of the values, as the output sees them, with the errors and with themselves.
    private var along = 0.0
    private var energy = 0.0
    /// Σ x², and Σ |x| · step over values that are not at level zero.
    private var squares = 0.0
    private var magnitudes = 0.0

    init() {}

    /// Of values that were quantized themselves, without the wish to move levels.
    init(sum: Double) {
        self.sum = sum
        ofValues = sum
    }

    /// - Parameters:
    ///   - difference: of what was quantized and its level.
    ///   - ofValue: of the value and the level.
    ///   - towards: the step with the sign of the level; 0 for level zero.
    ///   - weight: of the first.
    ///   - value, seen: the value, and as the output sees it.
    @inline(__always)
    mutating func add(_ difference: Double, ofValue: Double, towards: Double, weight: Double, value: Double, seen: Double) {
        sum += weight * difference * difference
        ofValues += ofValue * ofValue
        shift += weight * towards * difference
        shiftOfValues += towards * ofValue
        moved += weight * towards * towards
        movedOfValues += towards * towards
        along += weight * seen * difference
        energy += weight * seen * seen
        squares += value * value
        magnitudes += value * towards
    }

    mutating func add(_ other: SquaredError) {
        sum += other.sum
        ofValues += other.ofValues
        shift += other.shift
        shiftOfValues += other.shiftOfValues
        moved += other.moved
        movedOfValues += other.movedOfValues
        along += other.along
        energy += other.energy
        squares += other.squares
        magnitudes += other.magnitudes
    }

    /// The move with the least error, in 256ths of a step; within the format's range.
    var bestOffset: Int {
        if !(moved > 0) { return 0 }
        return Int(min(max((shift / moved * 256).rounded(.toNearestOrEven), -128), 128))
    }

    /// The move, in 256ths of a step, after which the levels are as large as the values, as the output sees them.
    ///
    /// The least error leaves levels that are too small by the error's own share: each layer's output shrinks a little, and through
    /// many layers that adds up, which errors of changing signs do not (Spec/rationale/0015).
    var offsetPreservingGain: Int {
        if !(energy > 0) || !(magnitudes > 0) { return 0 }
        return Int(min(max((along / energy * squares / magnitudes * 256).rounded(.toNearestOrEven), -128), 128))
    }

    /// - Parameter offset: in 256ths of a step.
    mutating func move(by offset: Int) {
        let steps = Double(offset) / 256
        sum += steps * (steps * moved - 2 * shift)
        ofValues += steps * (steps * movedOfValues - 2 * shiftOfValues)
        shift -= steps * moved
        shiftOfValues -= steps * movedOfValues
    }

    /// As if there were `factor` times as many values.
    func scaled(by factor: Double) -> SquaredError {
        var scaled = SquaredError()
        scaled.sum = sum * factor
        scaled.ofValues = ofValues * factor
        return scaled
    }
}
