/// How large the weights of each row and column are against the tensor's mean, in steps of √2 (Spec §6.6, §6.7).
package struct ScaleClasses: Sendable, Equatable {
    /// −16 … 15 each; empty if rows have no classes.
    package var rows: [Int8]
    /// −16 … 15 each; empty if columns have no classes.
    package var columns: [Int8]
    /// α in halves: the part of the rows' classes that the step has already taken out of the indices.
    package var rowStepExponent: Int

    package static let central: Int = 8
    package static let bound: Int = 8

    package init(rows: [Int8] = [], columns: [Int8] = [], rowStepExponent: Int = 0) {
        self.rows = rows
        self.columns = columns
        self.rowStepExponent = rowStepExponent
    }

    /// What is left of a row's class in its indices: the class less α times itself, rounded down to a whole number.
    @inlinable
    package func indexClass(ofRow row: Int) -> Int {
        if rows.isEmpty { return 0 }
        return (Int(rows[row]) * (2 - rowStepExponent)) >> 1
    }

    /// Writes the class (0 … 16) of each place in `range` of the coding order.
    ///
    /// - Parameter classes: as many as `range` has places.
    package func fill(_ classes: UnsafeMutableBufferPointer<UInt8>, range: Range<Int>, of view: MatrixView) {
        precondition(classes.count == range.count)
        if rows.isEmpty && columns.isEmpty {
            unsafe classes.update(repeating: UInt8(Self.central))
            return
        }
        precondition(rows.isEmpty || rows.count == view.rows)
        precondition(columns.isEmpty || columns.count == view.columns)
        let columnSpan = columns.span
        var place = 0
        view.forEachRun(in: range) { run in
            let part = unsafe UnsafeMutableBufferPointer(rebasing: classes[place..<(place + run.count)])
            if run.alongRows {
                let columnClass = columns.isEmpty ? 0 : Int(columnSpan[run.column])
                for i in 0..<run.count { unsafe part[i] = Self.clamped(indexClass(ofRow: run.row + i) + columnClass) }
            } else {
                let rowClass = indexClass(ofRow: run.row)
                if columns.isEmpty {
                    unsafe part.update(repeating: Self.clamped(rowClass))
                } else {
                    unsafe columns.withUnsafeBufferPointer { columns in
                        let line = unsafe UnsafeBufferPointer(rebasing: columns[run.column..<(run.column + run.count)])
                        let own = Int8(rowClass)
                        for i in 0..<run.count {
                            unsafe part[i] = UInt8(bitPattern: min(max(line[i] &+ own, -8), 8) &+ 8)
                        }
                    }
                }
            }
            place += run.count
        }
    }

    @inline(__always)
    private static func clamped(_ sum: Int) -> UInt8 { UInt8(min(max(sum, -bound), bound) + central) }
}
