/// Rounds weights so that the errors of an output's weights cancel (`ErrorCoupling`), eight outputs at a time; for weights of an
/// output that lie next to each other.
enum ScalarFeedback {
    private typealias Lanes = SIMD8<Float>
    private static let width = 8
    /// Adding this leaves the nearest integer in the lower bits of the significand.
    private static let rounding: Float = 0x1.8p23

    /// Rounds values to whole numbers.
    ///
    /// - Parameters:
    ///   - targets: values in steps, less than 2^21 of them, of which those are left that were rounded: each with the errors of those
    ///     before it added. Zeros stay zeros.
    ///   - range: the values' places in the coding order.
    ///   - indices: as many as there are values.
    static func round(_ targets: UnsafeMutableBufferPointer<Float>, _ coupling: ErrorCoupling, range: Range<Int>, into indices: UnsafeMutableBufferPointer<Int32>) {
        precondition(indices.count == range.count)
        unsafe pass(targets, coupling, range, NearestLevels(indices: indices))
    }

    /// Finds what was quantized to known levels.
    ///
    /// - Parameters:
    ///   - targets: values in steps, to which the errors of those before them are added.
    ///   - levels: in steps; nil if all are zero.
    static func follow(_ targets: UnsafeMutableBufferPointer<Float>, _ coupling: ErrorCoupling, range: Range<Int>, levels: UnsafePointer<Float>?) {
        unsafe pass(targets, coupling, range, KnownLevels(levels: levels))
    }

    @safe
    private struct NearestLevels: Levels {
        let indices: UnsafeMutableBufferPointer<Int32>

        @inline(__always)
        func level(of target: Float, at place: Int) -> Float {
            let level = (target + rounding) - rounding
            unsafe indices[place] = Int32(level)
            return level
        }
    }

    @safe
    private struct KnownLevels: Levels {
        let levels: UnsafePointer<Float>?

        @inline(__always)
        func level(of target: Float, at place: Int) -> Float { unsafe levels.map { unsafe $0[place] } ?? 0 }
    }

    private static func pass<Source: Levels>(_ targets: UnsafeMutableBufferPointer<Float>, _ coupling: ErrorCoupling, _ range: Range<Int>, _ levels: Source) {
        precondition(targets.count == range.count)
        coupling.withRowErrors({ unsafe pass(targets, coupling, range, &$0, levels) }, { unsafe pass(targets, coupling, range, &$0, levels) })
    }

    @inline(__always)
    private static func pass<Errors: RowErrors, Source: Levels>(
        _ targets: UnsafeMutableBufferPointer<Float>, _ coupling: ErrorCoupling, _ range: Range<Int>, _ errors: inout Errors, _ levels: Source
    ) {
        let fragments = coupling.fragments(of: range)
        var first = 0
        while first < fragments.count {
            let fragment = fragments[first]
            var last = first + 1
            while last < fragments.count && last - first < width && fragments[last].count == fragment.count
                && fragments[last].column == fragment.column && fragments[last].group == fragment.group
            { last += 1 }
            let rows = last - first
            errors.start(fragment)
            for column in 0..<fragment.count {
                let added = errors.added()
                var error = Lanes()
                for row in 0..<rows {
                    let place = fragment.start &+ row &* fragment.count &+ column
                    let x = unsafe targets[place]
                    let target = x == 0 ? 0 : x + added[row]
                    unsafe targets[place] = target
                    error[row] = x - levels.level(of: target, at: place)
                }
                errors.take(error)
            }
            first = last
        }
    }
}

/// What weights are quantized to.
private protocol Levels {
    /// The level of the target at a place, in steps.
    func level(of target: Float, at place: Int) -> Float
}
