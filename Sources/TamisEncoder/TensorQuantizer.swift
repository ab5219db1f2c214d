import TamisArithmetic
import TamisBits
import TamisModel
import TamisQuantization
import TamisSyntax

/// A quantizer with all its parameters.
enum TensorQuantizer: Sendable {
    case rounding(DeadzoneQuantizer)
    /// Multiples of the step; λ in squared steps per bit.
    case rateDistortion(step: Float, lambda: Double)
    /// λ in squared steps per bit.
    case trellis(Trellis, step: Float, lambda: Double)
    /// With parameters made for the tensor.
    case fitted(FittedQuantizer)

    /// The step of the grid; 1 for a quantizer without one.
    var step: Float {
        switch self {
        case .rounding(let quantizer): return quantizer.step
        case .rateDistortion(let step, _), .trellis(_, let step, _): return step
        case .fitted(let fitted):
            if case .uniform(let step, _, _) = fitted.form { return step }
            return 1
        }
    }

    /// The values of a quantizer without a grid.
    var table: ReconstructionTable? {
        if case .fitted(let fitted) = self { return fitted.table }
        return nil
    }

    /// Steps from an index to the next.
    var spacing: Float { if case .trellis = self { 2 } else { 1 } }

    var reconstruction: Reconstruction {
        if case .rounding(let quantizer) = self { return quantizer.reconstruction }
        return Reconstruction(step: step, offset: 0)
    }

    /// The same with another step.
    func coarsened(to step: Float) -> TensorQuantizer {
        switch self {
        case .rounding(let quantizer): return .rounding(DeadzoneQuantizer(step: step, deadzone: quantizer.deadzone))
        case .rateDistortion(_, let lambda): return .rateDistortion(step: step, lambda: lambda)
        case .trellis(let trellis, _, let lambda): return .trellis(trellis, step: step, lambda: lambda)
        case .fitted: return self
        }
    }

    var states: StateTransition {
        if case .trellis(let trellis, _, _) = self {
            return StateTransition(oddStateMask: trellis.oddStateMask, oddIndexMask: trellis.oddIndexMask)
        }
        return .none
    }

    /// λ in squared steps per bit; nil if indices are not searched.
    var lambda: Double? {
        switch self {
        case .rounding, .fitted: nil
        case .rateDistortion(_, let lambda), .trellis(_, _, let lambda): lambda
        }
    }

    /// Relative deadzone of the rounding that a search starts from.
    var deadzone: Double {
        if case .rounding(let quantizer) = self { return quantizer.deadzone }
        return 0.5
    }

    func fill(_ coding: inout IndexCoding) {
        if case .fitted(let fitted) = self { return fitted.fill(&coding) }
        coding.grid.step = step
        coding.grid.reconstructionOffset = Int64(reconstruction.offset)
        if case .trellis(let trellis, _, _) = self {
            coding.quantizerKind = QuantizerKind.trellis.rawValue
            coding.trellisStatesLog2 = UInt8(trellis.statesLog2)
        }
    }

    /// Rounds each value by itself, to multiples of `spacing` steps.
    ///
    /// - Parameters:
    ///   - range: of the coding order, which is the C order for fitted quantizers; as many places as `indices` has.
    func round(_ values: ByteView, range: Range<Int>, of view: MatrixView, _ classes: ScaleClasses, into indices: UnsafeMutableBufferPointer<Int32>) {
        precondition(indices.count == range.count && values.count == view.elementCount * 4 && range.upperBound <= view.elementCount)
        if case .fitted(let fitted) = self {
            return unsafe fitted.quantize(values[(range.lowerBound * 4)..<(range.upperBound * 4)], into: indices)
        }
        unsafe DeadzoneQuantizer(step: step * spacing, deadzone: deadzone).quantize(values, range: range, of: view, classes: classes, into: indices)
    }

    /// Brings levels that hiding the errors of others has driven beyond a bound back within it.
    ///
    /// - Parameters:
    ///   - levels: the largest magnitude.
    ///   - isSearched: indices are those of the trellis; else of plain rounding to every other level.
    func bound(_ indices: UnsafeMutableBufferPointer<Int32>, levels: Int32, isSearched: Bool) {
        guard case .trellis(let trellis, _, _) = self else {
            for i in 0..<indices.count { unsafe indices[i] = min(max(indices[i], -levels), levels) }
            return
        }
        if !isSearched { return }
        var state = 0
        for i in 0..<indices.count {
            var index = unsafe indices[i]
            // Two less is an index of the same parity, so that the states that follow stay.
            while Trellis.level(of: index, in: state).magnitude > levels { index -= 2 * index.signum() }
            unsafe indices[i] = index
            state = trellis.next(state, isOdd: index & 1 != 0)
        }
    }

    /// Turns indices into levels, in place: what the decoder multiplies by the step.
    func levels(_ indices: UnsafeMutableBufferPointer<Int32>) {
        guard case .trellis(let trellis, _, _) = self else { return }
        unsafe trellis.levels(indices)
    }
}
