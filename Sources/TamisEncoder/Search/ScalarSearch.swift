import TamisArithmetic

/// Rate–distortion optimised rounding to multiples of the step: of the nearest level, the one below it and zero, the one with the
/// least distortion + λ · rate. The deadzone falls out (Sullivan 1996; RDOQ as in HEVC encoders).
enum ScalarSearch {
    /// - Parameters:
    ///   - window: rows of rates are chosen here, from the indices found.
    ///   - rates: with λ in squared steps.
    ///   - indices: as many as the window has places.
    static func search(
        _ window: borrowing SearchWindow, _ rates: IndexRates, _ binarization: IndexBinarization, usesNeighbours: Bool,
        into indices: UnsafeMutableBufferPointer<Int32>
    ) {
        precondition(indices.count == window.count)
        let stepShifts = rates.stepShifts.span
        let classes = binarization.classes.span
        unsafe rates.table.withUnsafeBufferPointer { table in
            let table = unsafe table.baseAddress.unsafelyUnwrapped + RateRow.padding
            var before1: UInt32 = 0
            var before2: UInt32 = 0
            for i in 0..<window.count {
                let scaleClass = unsafe Int(window.classes[i])
                let near = usesNeighbours ? classes[scaleClass].near(before1 &+ before2) : 0
                let row = unsafe table + (scaleClass &* RateRow.classStride &+ near &* RateRow.length)
                let stepShift = Int32(stepShifts[scaleClass])
                let magnitude = unsafe window.magnitudes[i]
                @inline(__always) func cost(_ index: Int32) -> Float {
                    let distance = magnitude - Float(index)
                    return unsafe distance * distance + row[Int(min(((index &- 1) &>> stepShift) &+ 1, RateRow.last))]
                }
                let nearest = Int32(magnitude + 0.5)
                var best = nearest
                if nearest > 0 {
                    var least = cost(nearest)
                    let below = cost(nearest &- 1)
                    if below <= least {
                        best = nearest &- 1
                        least = below
                    }
                    if best > 0 && cost(0) <= least { best = 0 }
                }
                before2 = before1
                before1 = UInt32(bitPattern: best)
                unsafe indices[i] = window.signed(best, at: i)
            }
        }
    }
}
