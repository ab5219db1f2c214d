import TamisBits
import TamisQuantization

extension LineStatistics {
    /// As `classes(of:view:)`, with sums in single precision, which is enough but for lines at the very border between two classes.
    ///
    /// - Parameter largest: magnitude of the values.
    static func hastyClasses(of values: ByteView, view: MatrixView, largest: Float) -> (rows: [Int8], columns: [Int8]) {
        // Sums of these neither overflow nor vanish.
        guard (0x1p-60...0x1p60).contains(largest), let base = unsafe values.buffer.baseAddress else { return classes(of: values, view: view) }
        precondition(values.count == view.elementCount * 4)
        let hasRows = view.columns >= shortestLine
        let hasColumns = view.rows >= shortestLine
        if !hasRows && !hasColumns { return ([], []) }
        var rows = [Float](repeating: 0, count: view.rows)
        var columns = [Float](repeating: 0, count: view.columns)
        unsafe rows.withUnsafeMutableBufferPointer { rows in
            unsafe columns.withUnsafeMutableBufferPointer { columns in
                guard let rows = rows.baseAddress, let columns = columns.baseAddress else { return }
                view.forEachRun(in: 0..<view.elementCount) { run in
                    let line = unsafe base + run.element * 4
                    if run.alongRows {
                        unsafe columns[run.column] += add(line, run.count, to: rows + run.row)
                    } else {
                        unsafe rows[run.row] += add(line, run.count, to: columns + run.column)
                    }
                }
            }
        }
        var total = 0.0
        for sum in rows { total += Double(sum) }
        if !(total > 0) { return ([], []) }
        func lineClasses(_ sums: [Float]) -> [Int8] {
            let reference = total / Double(sums.count)
            return sums.map { LineScale.scaleClass(of: Double($0), against: reference) }
        }
        return (hasRows ? lineClasses(rows) : [], hasColumns ? lineClasses(columns) : [])
    }

    /// Adds magnitudes of float32 values each to its own sum.
    ///
    /// - Returns: the sum of all.
    @inline(__always)
    private static func add(_ values: UnsafeRawPointer, _ count: Int, to sums: UnsafeMutablePointer<Float>) -> Float {
        var all = SIMD8<Float>()
        let whole = count & ~7
        for i in stride(from: 0, to: whole, by: 8) {
            let bits = unsafe values.loadUnaligned(fromByteOffset: i &* 4, as: SIMD8<UInt32>.self) & 0x7FFF_FFFF
            let magnitudes = SIMD8<Float>(bitPattern: bits)
            all += magnitudes
            let place = unsafe UnsafeMutableRawPointer(sums + i)
            unsafe place.storeBytes(of: place.loadUnaligned(as: SIMD8<Float>.self) + magnitudes, as: SIMD8<Float>.self)
        }
        var sum = ((all[0] + all[1]) + (all[2] + all[3])) + ((all[4] + all[5]) + (all[6] + all[7]))
        for i in whole..<count {
            let magnitude = unsafe Float(bitPattern: UInt32(littleEndian: values.loadUnaligned(fromByteOffset: i &* 4, as: UInt32.self))).magnitude
            unsafe sums[i] += magnitude
            sum += magnitude
        }
        return sum
    }
}
