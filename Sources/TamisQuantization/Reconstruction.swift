import TamisBits

/// From index to value, exact to the bit (Spec §7).
///
/// With g = 256 · q + sgn(q) · offset, a value is double(g) · double(step) · 2^−8, rounded once to binary32. The product is exact
/// while |g| < 2^29 (29 + 24 bits); beyond, it is rounded to binary64 first, the same everywhere.
package struct Reconstruction: Sendable, Equatable {
    package let step: Float
    /// In 256ths of a step; −128 … 128.
    package let offset: Int

    package init(step: Float, offset: Int) {
        self.step = step
        self.offset = offset
    }

    /// 2^(k ⁄ 4) for k = 0 … 3, rounded to binary32.
    private static let quarterPowers: [Float] = [0x1p0, 0x1.306fep0, 0x1.6a09e6p0, 0x1.ae89fap0]

    /// The factor 2^(α · class ⁄ 2) of a row's step (Spec §7.2), α in halves, class −16 … 15.
    package static func rowFactor(scaleClass: Int8, exponent: Int) -> Float {
        let quarters = Int(scaleClass) * exponent
        return quarterPowers[quarters & 3] * Float(sign: .plus, exponent: quarters >> 2, significand: 1)
    }

    @inline(__always)
    package static func value(_ index: Int32, offset: Int32, scaled: Double) -> Float {
        let grid = Double(index) * 256 + Double(index.signum() &* offset)
        return Float(grid * scaled)
    }

    /// Writes the values of `indices` one after the other: float32, little-endian.
    package func write(_ indices: UnsafeBufferPointer<Int32>, to output: ByteRegion) {
        precondition(output.count == indices.count * 4)
        guard let base = unsafe output.buffer.baseAddress else { return }
        let scaled = Double(step) * 0x1p-8
        let offset = Int32(self.offset)
        for i in 0..<indices.count {
            let value = unsafe Self.value(indices[i], offset: offset, scaled: scaled)
            unsafe base.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: i &* 4, as: UInt32.self)
        }
    }

    /// Writes the values of `indices` one after the other, as `write(_:to:)` does.
    ///
    /// - Parameter originals: as many, float32, little-endian.
    /// - Returns: the sum of the squared differences between them and the values before these are rounded to binary32.
    package func write(_ indices: UnsafeBufferPointer<Int32>, to output: ByteRegion, against originals: ByteView) -> Double {
        precondition(output.count == indices.count * 4 && originals.count == output.count)
        guard let base = unsafe output.buffer.baseAddress, let source = unsafe originals.buffer.baseAddress, let levels = indices.baseAddress
        else { return 0 }
        let scaled = Double(step) * 0x1p-8
        let offset = Int32(self.offset)
        // In an order that no compiler decides.
        var squares = SIMD4<Double>()
        let whole = indices.count & ~3
        for i in stride(from: 0, to: whole, by: 4) {
            let level = unsafe UnsafeRawPointer(levels + i).loadUnaligned(as: SIMD4<Int32>.self)
            let sign = (level &>> 31) | SIMD4(truncatingIfNeeded: SIMD4<UInt32>(truncatingIfNeeded: 0 &- level) &>> 31)
            let exact = (SIMD4<Double>(level) * 256 + SIMD4<Double>(sign &* offset)) * scaled
            let original = unsafe SIMD4<Float>(bitPattern: source.loadUnaligned(fromByteOffset: i &* 4, as: SIMD4<UInt32>.self))
            unsafe base.storeBytes(of: SIMD4<Float>(exact), toByteOffset: i &* 4, as: SIMD4<Float>.self)
            let difference = SIMD4<Double>(original) - exact
            squares += difference * difference
        }
        var sum = (squares[0] + squares[1]) + (squares[2] + squares[3])
        for i in whole..<indices.count {
            let exact = unsafe (Double(levels[i]) * 256 + Double(levels[i].signum() &* offset)) * scaled
            unsafe base.storeBytes(of: Float(exact).bitPattern.littleEndian, toByteOffset: i &* 4, as: UInt32.self)
            let difference = Double(Float(bitPattern: originals.load(i &* 4, as: UInt32.self))) - exact
            sum += difference * difference
        }
        return sum
    }

    /// Writes the values of `indices`, the places `range` of the coding order, to where they belong in the tensor's bytes.
    ///
    /// - Parameters:
    ///   - classes: row classes, if steps follow them.
    ///   - output: the whole tensor, float32, little-endian; any alignment.
    package func write(
        _ indices: UnsafeBufferPointer<Int32>, range: Range<Int>, of view: MatrixView, classes: ScaleClasses, to output: ByteRegion
    ) {
        precondition(indices.count == range.count && output.count == view.elementCount * 4 && range.upperBound <= view.elementCount)
        let base = unsafe output.buffer.baseAddress.unsafelyUnwrapped
        if view.order == .cOrder && (classes.rowStepExponent == 0 || classes.rows.isEmpty) {
            unsafe write(indices, to: output[(range.lowerBound * 4)..<(range.upperBound * 4)])
            return
        }
        unsafe forEachValue(indices, range: range, of: view, classes: classes) { value, _, element in
            unsafe base.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: element * 4, as: UInt32.self)
        }
    }

    /// The values of `indices`, the places `range` of the coding order, in that order.
    package func fill(
        _ values: UnsafeMutableBufferPointer<Float>, _ indices: UnsafeBufferPointer<Int32>, range: Range<Int>, of view: MatrixView, classes: ScaleClasses
    ) {
        precondition(indices.count == range.count && values.count == range.count && range.upperBound <= view.elementCount)
        unsafe forEachValue(indices, range: range, of: view, classes: classes) { value, place, _ in unsafe values[place] = value }
    }

    /// - Parameter body: called with each value, its place among `indices`, and its element's place in C order.
    @inline(__always)
    private func forEachValue(
        _ indices: UnsafeBufferPointer<Int32>, range: Range<Int>, of view: MatrixView, classes: ScaleClasses, _ body: (Float, Int, Int) -> Void
    ) {
        let followsRows = classes.rowStepExponent > 0 && !classes.rows.isEmpty
        let offset = Int32(self.offset)
        var place = 0
        view.forEachRun(in: range) { run in
            for i in 0..<run.count {
                let row = run.alongRows ? run.row + i : run.row
                let step = followsRows ? self.step * Self.rowFactor(scaleClass: classes.rows[row], exponent: classes.rowStepExponent) : self.step
                let value = unsafe Self.value(indices[place + i], offset: offset, scaled: Double(step) * 0x1p-8)
                body(value, place + i, run.element + i * run.stride)
            }
            place += run.count
        }
    }
}

extension SIMD4<Float> {
    fileprivate init(bitPattern bits: SIMD4<UInt32>) { self = unsafe unsafeBitCast(bits, to: SIMD4<Float>.self) }
}
