import TamisBits

/// The values of a non-uniform quantizer, one per index (Spec §7.4 … §7.6).
@safe
package struct ReconstructionTable: Sendable, Equatable {
    /// The index of the first value, at most 0.
    package let first: Int
    /// The value of each index from `first` on; index 0 is one of them.
    package let values: [Float]

    /// The most values a table can have.
    package static let mostValues = 1 << 17

    /// A codebook (Spec §7.4): any list of values.
    ///
    /// - Returns: nil if 0 is not among the indices.
    package init?(first: Int, values: [Float]) {
        guard first <= 0, first + values.count > 0, values.count <= Self.mostValues else { return nil }
        self.first = first
        self.values = values
    }

    /// Companding (Spec §7.5): sgn(q) · amplitude · ((1 + growth)^|q| − 1) for |q| up to `levels`.
    ///
    /// With the growth (1 + μ)^(Δ ⁄ Xmax) − 1 and the amplitude Xmax ⁄ μ this is the μ-law.
    /// - Returns: nil if the largest value is above 2^120.
    package init?(amplitude: Float, growth: Float, levels: Int) {
        guard (1...65535).contains(levels) else { return nil }
        let g = Double(growth)
        var power = 0.0
        var positive: [Float] = []
        positive.reserveCapacity(levels)
        for _ in 0..<levels {
            power = power + (power + 1) * g
            let value = Double(amplitude) * power
            if !(value <= 0x1p120) { return nil }
            positive.append(Float(value))
        }
        self.init(positive: positive)
    }

    /// Minifloat (Spec §7.6): ranks count down from the largest magnitude, so that index ±1 is the rank `top` − 1.
    ///
    /// - Parameters:
    ///   - format: in its range.
    ///   - top: 1 … the number of ranks.
    package init?(_ format: Minifloat, top: Int) {
        guard top >= 1, top <= format.rankCount else { return nil }
        self.init(positive: (1...top).map { format.magnitude(rank: top - $0) })
    }

    private init?(positive: [Float]) {
        self.init(first: -positive.count, values: positive.reversed().map { -$0 } + [0] + positive)
    }

    /// Writes the values of `indices`, the places `range` of the coding order, to where they belong in the tensor's bytes.
    ///
    /// - Returns: false if an index is outside the table; what `output` holds then is of no use.
    package func write(_ indices: UnsafeBufferPointer<Int32>, range: Range<Int>, of view: MatrixView, to output: ByteRegion) -> Bool {
        precondition(indices.count == range.count && output.count == view.elementCount * 4 && range.upperBound <= view.elementCount)
        let base = unsafe output.buffer.baseAddress.unsafelyUnwrapped
        let values = values.span
        var place = 0
        var isInside = true
        view.forEachRun(in: range) { run in
            for i in 0..<run.count {
                let entry = unsafe Int(indices[place + i]) - first
                if entry < 0 || entry >= values.count {
                    isInside = false
                    continue
                }
                let bits = values[entry].bitPattern.littleEndian
                unsafe base.storeBytes(of: bits, toByteOffset: (run.element + i * run.stride) * 4, as: UInt32.self)
            }
            place += run.count
        }
        return isInside
    }

    /// The values of `indices`, in their order.
    ///
    /// - Returns: false if an index is outside the table; what `output` holds then is of no use.
    package func fill(_ output: UnsafeMutableBufferPointer<Float>, _ indices: UnsafeBufferPointer<Int32>) -> Bool {
        precondition(output.count == indices.count)
        let values = values.span
        for i in 0..<indices.count {
            let entry = unsafe Int(indices[i]) - first
            if entry < 0 || entry >= values.count { return false }
            unsafe output[i] = values[entry]
        }
        return true
    }
}
