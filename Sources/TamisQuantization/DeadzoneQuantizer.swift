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
        return scaled < 0 ? 0 &- magnitude : magnitude
    }
}
