import TamisBits
import TamisModel

/// The steps of a tensor whose values are integers times a step (Spec §7.2).
package struct GridSteps: Sendable, Equatable {
    package let rowAxis: Int
    package let rowAxisCount: Int
    /// One for all, or one for each row of the matrix view.
    package let steps: [Float]

    package init(rowAxis: Int, rowAxisCount: Int, steps: [Float]) {
        self.rowAxis = rowAxis
        self.rowAxisCount = rowAxisCount
        self.steps = steps
    }
}

/// Turns values that are integers times a step back into these integers, and makes sure that they are.
///
/// A value x passes if integer · step, rounded to binary32, is x. That is what a multiplication gives back, so that nothing is lost.
package struct GridLevels: Sendable {
    /// Of the integers so far.
    package private(set) var smallest: Float = 0
    package private(set) var largest: Float = 0
    private let view: MatrixView
    private let steps: [Float]

    /// - Returns: nil if the steps are not those of the shape.
    package init?(_ shape: Shape, _ grid: GridSteps) {
        guard let view = MatrixView(shape, rowAxis: grid.rowAxis, rowAxisCount: grid.rowAxisCount, order: .cOrder) else { return nil }
        guard grid.steps.count == 1 || grid.steps.count == view.rows, grid.steps.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
        self.view = view
        steps = grid.steps
    }

    /// Takes the elements `range` in C order.
    ///
    /// - Parameters:
    ///   - values: of these elements, float32, little-endian.
    ///   - levels: a byte for each of them, which gets the lower 8 bits of the integer.
    /// - Returns: false if a value is no multiple, or one of more than 255 steps; the tensor is then none of integers of a byte.
    package mutating func take(_ values: ByteView, _ range: Range<Int>, into levels: ByteRegion) -> Bool {
        precondition(values.count == range.count * 4 && levels.count == range.count && range.upperBound <= view.elementCount)
        guard let source = unsafe values.buffer.baseAddress, let target = unsafe levels.buffer.baseAddress else { return range.isEmpty }
        var bounds = Bounds(smallest: smallest, largest: largest)
        var isExact = true
        if steps.count == 1 {
            isExact = unsafe Self.take(source, range.count, step: steps[0], into: target, &bounds)
        } else {
            view.forEachRun(in: range) { run in
                let place = run.element - range.lowerBound
                if run.alongRows {
                    for i in 0..<run.count {
                        let own = unsafe Self.take(source + (place + i) * 4, 1, step: steps[run.row + i], into: target + place + i, &bounds)
                        isExact = isExact && own
                    }
                } else {
                    let own = unsafe Self.take(source + place * 4, run.count, step: steps[run.row], into: target + place, &bounds)
                    isExact = isExact && own
                }
            }
        }
        (smallest, largest) = (bounds.smallest, bounds.largest)
        return isExact && smallest >= -255 && largest <= 255
    }

    private struct Bounds {
        var smallest: Float
        var largest: Float
    }

    /// - Returns: whether all values are multiples of the step.
    private static func take(
        _ source: UnsafeRawPointer, _ count: Int, step: Float, into target: UnsafeMutableRawPointer, _ bounds: inout Bounds
    ) -> Bool {
        // Adding 1.5 · 2^23 leaves the nearest integer in the lower bits of the significand.
        let rounding: Float = 0x1.8p23
        let inverse = 1 / step
        var smallest = SIMD8<Float>(repeating: bounds.smallest)
        var largest = SIMD8<Float>(repeating: bounds.largest)
        var differences = SIMD8<UInt32>()
        let whole = count & ~7
        for i in stride(from: 0, to: whole, by: 8) {
            let value = unsafe SIMD8<Float>(bits: source.loadUnaligned(fromByteOffset: i &* 4, as: SIMD8<UInt32>.self))
            let shifted = value * inverse + rounding
            let level = shifted - rounding
            smallest = pointwiseMin(smallest, level)
            largest = pointwiseMax(largest, level)
            differences |= SIMD8<UInt32>(truncatingIfNeeded: SIMD8<Int32>(repeating: -1).replacing(with: 0, where: level * step .== value))
            unsafe target.storeBytes(of: SIMD8<UInt8>(truncatingIfNeeded: shifted.bits), toByteOffset: i, as: SIMD8<UInt8>.self)
        }
        (bounds.smallest, bounds.largest) = (smallest.min(), largest.max())
        var isExact = differences == SIMD8<UInt32>()
        for i in whole..<count {
            let value = unsafe Float(bitPattern: UInt32(littleEndian: source.loadUnaligned(fromByteOffset: i &* 4, as: UInt32.self)))
            let shifted = value * inverse + rounding
            let level = shifted - rounding
            bounds.smallest = min(bounds.smallest, level)
            bounds.largest = max(bounds.largest, level)
            if level * step != value { isExact = false }
            unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: shifted.bitPattern), toByteOffset: i, as: UInt8.self)
        }
        return isExact
    }
}

extension SIMD8<Float> {
    fileprivate init(bits: SIMD8<UInt32>) { self = unsafe unsafeBitCast(bits, to: SIMD8<Float>.self) }
    fileprivate var bits: SIMD8<UInt32> { unsafe unsafeBitCast(self, to: SIMD8<UInt32>.self) }
}
