import TamisBits
import TamisQuantization

/// Mean magnitudes of a tensor's rows and columns, as scale classes.
enum LineStatistics {
    /// Elements of the shortest line that may have a class (Spec §4.5).
    static let shortestLine = 8

    /// - Parameters:
    ///   - values: little-endian float32, in C order.
    ///   - view: in C order.
    /// - Returns: classes of the lines that may have them (`shortestLine`); empty where they may not.
    static func classes(of values: ByteView, view: MatrixView) -> (rows: [Int8], columns: [Int8]) {
        let hasRows = view.columns >= shortestLine
        let hasColumns = view.rows >= shortestLine
        if !hasRows && !hasColumns { return ([], []) }
        var rowSums = [Double](repeating: 0, count: hasRows ? view.rows : 0)
        var columnSums = [Double](repeating: 0, count: hasColumns ? view.columns : 0)
        var total = 0.0
        view.forEachRun(in: 0..<view.elementCount) { run in
            let line = values[(run.element * 4)..<((run.element + run.count) * 4)]
            if run.alongRows {
                var sum = 0.0
                for i in 0..<run.count {
                    let magnitude = Double(Float(bitPattern: line.load(i * 4, as: UInt32.self)).magnitude)
                    if hasRows { rowSums[run.row + i] += magnitude }
                    sum += magnitude
                }
                if hasColumns { columnSums[run.column] += sum }
                total += sum
            } else {
                let sum = hasColumns ? add(line, to: &columnSums, at: run.column, count: run.count) : TensorStatistics(of: line).sumOfMagnitudes
                if hasRows { rowSums[run.row] += sum }
                total += sum
            }
        }
        if !(total > 0) { return ([], []) }
        let rowReference = total / Double(view.rows)
        let columnReference = total / Double(view.columns)
        return (
            rowSums.map { LineScale.scaleClass(of: $0, against: rowReference) },
            columnSums.map { LineScale.scaleClass(of: $0, against: columnReference) }
        )
    }

    /// The classes of lines of integers, less the offset, as above; and the mean magnitude of all.
    static func classes(ofIntegers bytes: ByteView, _ fields: IntegerFields, view: MatrixView) -> (rows: [Int8], columns: [Int8], meanMagnitude: Double) {
        let hasRows = view.columns >= shortestLine
        let hasColumns = view.rows >= shortestLine
        var rowSums = [UInt64](repeating: 0, count: hasRows ? view.rows : 0)
        var columnSums = [UInt64](repeating: 0, count: hasColumns ? view.columns : 0)
        var total: UInt64 = 0
        view.forEachRun(in: 0..<view.elementCount) { run in
            for i in 0..<run.count {
                let magnitude = ((fields.value(bytes, run.element + i) ?? 0) - fields.offset).magnitude
                if hasRows { rowSums[run.alongRows ? run.row + i : run.row] &+= magnitude }
                if hasColumns { columnSums[run.alongRows ? run.column : run.column + i] &+= magnitude }
                total &+= magnitude
            }
        }
        let mean = Double(total) / Double(view.elementCount)
        if total == 0 { return ([], [], mean) }
        let rowReference = Double(total) / Double(view.rows)
        let columnReference = Double(total) / Double(view.columns)
        return (
            rowSums.map { LineScale.scaleClass(of: Double($0), against: rowReference) },
            columnSums.map { LineScale.scaleClass(of: Double($0), against: columnReference) }, mean
        )
    }

    /// Adds each magnitude of `line` to its own sum, and returns the sum of all.
    private static func add(_ line: ByteView, to sums: inout [Double], at start: Int, count: Int) -> Double {
        precondition(line.count == count * 4 && start >= 0 && start + count <= sums.count)
        return unsafe sums.withUnsafeMutableBufferPointer { sums in
            guard let base = unsafe line.buffer.baseAddress, let target = sums.baseAddress else { return 0 }
            var total = SIMD4<Double>()
            let whole = count / 4 * 4
            for i in stride(from: 0, to: whole, by: 4) {
                let bits = unsafe base.loadUnaligned(fromByteOffset: i * 4, as: SIMD4<UInt32>.self) & 0x7FFF_FFFF
                let magnitudes = unsafe SIMD4<Double>(unsafeBitCast(bits, to: SIMD4<Float>.self))
                total += magnitudes
                let place = unsafe UnsafeMutableRawPointer(target + (start + i))
                unsafe place.storeBytes(of: place.loadUnaligned(as: SIMD4<Double>.self) + magnitudes, as: SIMD4<Double>.self)
            }
            var sum = (total[0] + total[1]) + (total[2] + total[3])
            for i in whole..<count {
                let magnitude = Double(Float(bitPattern: line.load(i * 4, as: UInt32.self)).magnitude)
                sum += magnitude
                unsafe target[start + i] += magnitude
            }
            return sum
        }
    }
}
