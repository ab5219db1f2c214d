import TamisBits
import TamisQuantization
import TamisSyntax

/// Rounding to the nearest multiple of the step, decoding and measuring in one pass over the values, in single precision.
///
/// Indices differ from those of `DeadzoneQuantizer` in no more than ties and values next to them. The decoded values are exact: an index
/// times the step is rounded once, as the decoder does it.
struct HastyRounding: Sendable {
    private let view: MatrixView
    private let step: Float
    /// Of the steps; empty if all rows have the same.
    private let rowClasses: [Int8]
    private let rowStepExponent: Int

    /// Steps of the largest value, at the most: more would not be as exact.
    private static let mostSteps = 0x1p16

    /// - Parameter classes: of the lines, with the exponent of steps.
    /// - Returns: nil if the tensor is not one of float32 values that are rounded each for itself along its rows.
    init?(_ work: TensorWork, _ quantizer: TensorQuantizer, _ classes: ScaleClasses) {
        guard case .rounding(let uniform) = quantizer, uniform.deadzone == 0.5, work.coupling == nil, work.description.elementType == .float32,
            work.view.order == .cOrder, Double(work.valueStatistics.largestMagnitude) / Double(uniform.step) / work.smallestRowFactor < Self.mostSteps
        else { return nil }
        view = work.view
        step = uniform.step
        rowStepExponent = classes.rowStepExponent
        rowClasses = rowStepExponent > 0 ? classes.rows : []
        if !rowClasses.isEmpty && view.inner == 1 { return nil }
    }

    /// - Parameters:
    ///   - values: the whole tensor, little-endian float32.
    ///   - range: of the coding order; as many places as `indices` has.
    ///   - decoded: the tensor's decoded bytes, of which those of the range are written; nil if nobody asks.
    /// - Returns: the sum of the squared differences between values and decoded values.
    func round(_ values: ByteView, _ range: Range<Int>, into indices: UnsafeMutableBufferPointer<Int32>, decoded: ByteRegion?) -> Double {
        precondition(indices.count == range.count && values.count == view.elementCount * 4 && range.upperBound <= view.elementCount)
        guard let target = indices.baseAddress else { return 0 }
        func round(_ step: Float, _ start: Int, _ count: Int) -> Double {
            let bytes = ((range.lowerBound + start) * 4)..<((range.lowerBound + start + count) * 4)
            let indices = unsafe target + start
            if let decoded { return unsafe Self.round(values[bytes], step, count, into: indices, decoded: decoded[bytes].buffer.baseAddress) }
            return unsafe Self.round(values[bytes], step, count, into: indices, decoded: nil)
        }
        if rowClasses.isEmpty { return round(step, 0, range.count) }
        var sum = 0.0
        view.forEachRun(in: range) { run in
            let factor = Reconstruction.rowFactor(scaleClass: rowClasses[run.row], exponent: rowStepExponent)
            sum += round(step * factor, run.element - range.lowerBound, run.count)
        }
        return sum
    }

    /// Values whose squared errors are added up in single precision.
    private static let part = 512

    private static func round(
        _ values: ByteView, _ step: Float, _ count: Int, into indices: UnsafeMutablePointer<Int32>, decoded: UnsafeMutableRawPointer?
    ) -> Double {
        guard let source = unsafe values.buffer.baseAddress else { return 0 }
        let inverse = Float(1 / Double(step))
        var sum = 0.0
        for start in stride(from: 0, to: count, by: part) {
            let count = min(part, count - start)
            let (source, indices) = unsafe (source + start * 4, indices + start)
            if let decoded = unsafe decoded {
                sum += unsafe roundPart(source, step, inverse, count, into: indices, decoded: decoded + start * 4)
            } else {
                sum += unsafe roundPart(source, step, inverse, count, into: indices, decoded: nil)
            }
        }
        return sum
    }

    @inline(__always)
    private static func roundPart(
        _ source: UnsafeRawPointer, _ step: Float, _ inverse: Float, _ count: Int, into indices: UnsafeMutablePointer<Int32>, decoded: UnsafeMutableRawPointer?
    ) -> Double {
        // Adding 1.5 · 2^23 leaves the nearest integer in the lower bits of the significand.
        let rounding: Float = 0x1.8p23
        var squares = SIMD8<Float>()
        let whole = count & ~7
        for i in stride(from: 0, to: whole, by: 8) {
            let value = unsafe SIMD8<Float>(bitPattern: source.loadUnaligned(fromByteOffset: i &* 4, as: SIMD8<UInt32>.self))
            let shifted = value * inverse + rounding
            let index = SIMD8<UInt32>(bitPattern: shifted) &- rounding.bitPattern
            unsafe UnsafeMutableRawPointer(indices + i).storeBytes(of: index, as: SIMD8<UInt32>.self)
            let level = (shifted - rounding) * step
            if let decoded = unsafe decoded { unsafe decoded.storeBytes(of: level, toByteOffset: i &* 4, as: SIMD8<Float>.self) }
            let difference = value - level
            squares += difference * difference
        }
        var sum = 0.0
        for lane in 0..<8 { sum += Double(squares[lane]) }
        for i in whole..<count {
            let value = unsafe Float(bitPattern: UInt32(littleEndian: source.loadUnaligned(fromByteOffset: i &* 4, as: UInt32.self)))
            let shifted = value * inverse + rounding
            unsafe indices[i] = Int32(bitPattern: shifted.bitPattern &- rounding.bitPattern)
            let level = (shifted - rounding) * step
            if let decoded = unsafe decoded { unsafe decoded.storeBytes(of: level.bitPattern.littleEndian, toByteOffset: i &* 4, as: UInt32.self) }
            let difference = Double(value) - Double(level)
            sum += difference * difference
        }
        return sum
    }
}
