import TamisArithmetic
import TamisBits
import TamisQuantization

/// Mean magnitudes of rows and columns of any floating-point type, as scale classes: what `LineStatistics` is to float32.
///
/// A subnormal number counts as a little more than it is; infinities and NaNs count as nothing.
enum FloatLineStatistics {
    /// - Parameters:
    ///   - values: little-endian elements, in C order.
    ///   - view: in C order.
    /// - Returns: classes of the lines that may have them; empty where they may not, and if no element differs from zero.
    static func classes(of values: ByteView, layout: FloatLayout, view: MatrixView) -> (rows: [Int8], columns: [Int8]) {
        let hasRows = view.rows > 1 && view.columns >= LineStatistics.shortestLine
        let hasColumns = view.columns > 1 && view.rows >= LineStatistics.shortestLine
        if !hasRows && !hasColumns { return ([], []) }
        let magnitudes = Magnitudes(layout)
        var rows = [Double](repeating: 0, count: view.rows)
        var columns = [Double](repeating: 0, count: view.columns)
        view.forEachRun(in: 0..<view.elementCount) { run in
            let bytes = values[(run.element * layout.byteCount)..<((run.element + run.count) * layout.byteCount)]
            if run.alongRows {
                columns[run.column] += magnitudes.add(bytes, to: &rows, at: run.row)
            } else {
                rows[run.row] += magnitudes.add(bytes, to: &columns, at: run.column)
            }
        }
        let total = rows.reduce(0, +)
        if !(total > 0 && total < .infinity) { return ([], []) }
        let (rowReference, columnReference) = (total / Double(view.rows), total / Double(view.columns))
        return (
            hasRows ? rows.map { LineScale.scaleClass(of: $0, against: rowReference) } : [],
            hasColumns ? columns.map { LineScale.scaleClass(of: $0, against: columnReference) } : []
        )
    }

    /// How the magnitude of an element becomes a binary64 number, by moving its bits.
    private struct Magnitudes {
        private let byteCount: Int
        private let mask: UInt64
        private let shift: UInt64
        private let offset: UInt64
        /// Magnitudes from here on are infinities and NaNs.
        private let end: UInt64

        init(_ layout: FloatLayout) {
            byteCount = layout.byteCount
            mask = layout.magnitudeMask
            shift = UInt64(52 - layout.mantissaBits)
            offset = UInt64(1024 - (1 << (layout.exponentBits - 1))) << 52
            let allOnes = ((UInt64(1) << UInt64(layout.exponentBits)) - 1) << UInt64(layout.mantissaBits)
            // The smaller formats have none, or a few patterns that do no harm.
            end = layout.hasSign && layout.exponentBits > 4 ? allOnes : .max
        }

        @inline(__always)
        private func magnitudes(_ elements: SIMD4<UInt64>) -> SIMD4<Double> {
            let bits = elements & mask
            return unsafe unsafeBitCast((bits &<< shift &+ offset).replacing(with: 0, where: (bits .== 0) .| (bits .>= end)), to: SIMD4<Double>.self)
        }

        /// Adds each magnitude to its own sum, and returns the sum of all.
        func add(_ bytes: ByteView, to sums: inout [Double], at start: Int) -> Double {
            switch byteCount {
            case 1: add(UInt8.self, bytes, to: &sums, at: start)
            case 2: add(UInt16.self, bytes, to: &sums, at: start)
            case 4: add(UInt32.self, bytes, to: &sums, at: start)
            default: add(UInt64.self, bytes, to: &sums, at: start)
            }
        }

        @inline(__always)
        private func add<Element: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & SIMDScalar>(
            _ type: Element.Type, _ bytes: ByteView, to sums: inout [Double], at start: Int
        ) -> Double {
            let size = MemoryLayout<Element>.size
            let count = bytes.count / size
            precondition(start >= 0 && start + count <= sums.count)
            return unsafe sums.withUnsafeMutableBufferPointer { sums in
                guard let base = unsafe bytes.buffer.baseAddress, let sums = sums.baseAddress else { return 0 }
                var total = SIMD4<Double>()
                let whole = count / 4 * 4
                for i in stride(from: 0, to: whole, by: 4) {
                    let elements = unsafe base.loadUnaligned(fromByteOffset: i * size, as: SIMD4<Element>.self)
                    let four = magnitudes(SIMD4(truncatingIfNeeded: elements))
                    total += four
                    let place = unsafe UnsafeMutableRawPointer(sums + (start + i))
                    unsafe place.storeBytes(of: place.loadUnaligned(as: SIMD4<Double>.self) + four, as: SIMD4<Double>.self)
                }
                var sum = (total[0] + total[1]) + (total[2] + total[3])
                for i in whole..<count {
                    let element = unsafe base.loadUnaligned(fromByteOffset: i * size, as: Element.self)
                    let magnitude = magnitudes(SIMD4(repeating: UInt64(truncatingIfNeeded: element)))[0]
                    sum += magnitude
                    unsafe sums[start + i] += magnitude
                }
                return sum
            }
        }
    }
}
