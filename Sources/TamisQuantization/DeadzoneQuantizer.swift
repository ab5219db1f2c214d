import TamisBits

/// The uniform quantizer with relative deadzone δ (Sullivan 1996): index 0 within ±δ · step, then cells one step wide.
///
/// q = sgn(x) · ⌈|x| ⁄ step − δ⌉, and 0 if |x| ⩽ δ · step. δ = ½ is the midtread quantizer with ties toward zero, δ = 0 the midrise
/// quantizer, in which only 0 itself has index 0. Values return in the middle of their cell: at |q| + δ − ½ steps.
package struct DeadzoneQuantizer: Sendable, Equatable {
    package let step: Float
    /// 0 … 1, a whole number of 256ths.
    package let deadzone: Double

    /// - Parameter deadzone: 0 … 1; taken to the nearest 256th, because the reconstruction offset is a whole number of them.
    package init(step: Float, deadzone: Double) {
        self.step = step
        self.deadzone = (deadzone * 256).rounded(.toNearestOrEven) / 256
    }

    package var reconstruction: Reconstruction {
        Reconstruction(step: step, offset: Int((deadzone - 0.5) * 256))
    }

    /// The indices of little-endian float32 values.
    package func quantize(_ values: ByteView, into indices: UnsafeMutableBufferPointer<Int32>) {
        precondition(values.count == indices.count * 4)
        guard let base = unsafe values.buffer.baseAddress else { return }
        let inverse = 1 / Double(step)
        let deadzone = self.deadzone
        for i in 0..<indices.count {
            let value = unsafe Float(bitPattern: UInt32(littleEndian: base.loadUnaligned(fromByteOffset: i &* 4, as: UInt32.self)))
            unsafe indices[i] = Self.index(of: value, inverse: inverse, deadzone: deadzone)
        }
    }

    /// The indices of the places `range` of the coding order, with steps that follow the rows' classes as for
    /// `Reconstruction.write`.
    ///
    /// - Parameters:
    ///   - values: the whole tensor, little-endian float32.
    ///   - indices: as many as `range` has places.
    package func quantize(
        _ values: ByteView, range: Range<Int>, of view: MatrixView, classes: ScaleClasses, into indices: UnsafeMutableBufferPointer<Int32>
    ) {
        precondition(indices.count == range.count && values.count == view.elementCount * 4 && range.upperBound <= view.elementCount)
        let followsRows = classes.rowStepExponent > 0 && !classes.rows.isEmpty
        if !followsRows && view.order == .cOrder {
            unsafe quantize(values[(range.lowerBound * 4)..<(range.upperBound * 4)], into: indices)
            return
        }
        guard let base = unsafe values.buffer.baseAddress else { return }
        let deadzone = self.deadzone
        var place = 0
        view.forEachRun(in: range) { run in
            var inverse = 1 / Double(step)
            for i in 0..<run.count {
                if followsRows && (i == 0 || run.alongRows) {
                    let row = run.alongRows ? run.row + i : run.row
                    inverse = 1 / Double(step * Reconstruction.rowFactor(scaleClass: classes.rows[row], exponent: classes.rowStepExponent))
                }
                let bits = unsafe UInt32(littleEndian: base.loadUnaligned(fromByteOffset: (run.element &+ i &* run.stride) &* 4, as: UInt32.self))
                unsafe indices[place &+ i] = Self.index(of: Float(bitPattern: bits), inverse: inverse, deadzone: deadzone)
            }
            place += run.count
        }
    }

    /// - Parameter inverse: 1 ⁄ step in binary64.
    /// - Returns: the index; magnitudes above 2^30 − 1 come back as 2^30 − 1 and mean that the step is too fine.
    @inline(__always)
    package static func index(of value: Float, inverse: Double, deadzone: Double) -> Int32 {
        let scaled = Double(value) * inverse
        let distance = max(min(scaled.magnitude - deadzone, 0x1.fffffff8p29), 0)
        // Adding 1.5 · 2^52 leaves the nearest integer in the lower bits of the significand.
        let shifted = distance + 0x1.8p52
        let nearest = shifted - 0x1.8p52
        let magnitude = Int32(truncatingIfNeeded: shifted.bitPattern) &+ (nearest < distance ? 1 : 0)
        // No branch: signs cannot be foreseen.
        let sign = Int32(truncatingIfNeeded: Int64(bitPattern: scaled.bitPattern) &>> 63)
        return (magnitude ^ sign) &- sign
    }
}
