import TamisModel

/// A tensor seen as a matrix (Spec §5.3): some neighbouring axes make the rows, all others, in C order, the columns.
///
/// With P the product of the dimensions before the row axes, R that of the row axes, and S that of those after: the element at
/// C-order place (p, r, s) stands in row r and column p · S + s.
package struct MatrixView: Sendable, Equatable {
    package enum CodingOrder: UInt8, Sendable {
        /// The tensor's own order.
        case cOrder = 0
        /// Row after row of the matrix.
        case rowMajor = 1
    }

    package let outer: Int
    package let rows: Int
    package let inner: Int
    package let order: CodingOrder

    package var columns: Int { outer * inner }
    package var elementCount: Int { outer * rows * inner }

    /// - Returns: nil if the axes are not axes of the shape, or the sizes do not fit.
    package init?(_ shape: Shape, rowAxis: Int, rowAxisCount: Int, order: CodingOrder) {
        guard rowAxis >= 0, rowAxisCount >= 0, rowAxis + rowAxisCount <= shape.rank, shape.elementCount <= UInt64(Int.max) else { return nil }
        func product(_ range: Range<Int>) -> Int? {
            var result = 1
            for dimension in shape.dimensions[range] {
                guard let size = Int(exactly: dimension) else { return nil }
                let (next, overflow) = result.multipliedReportingOverflow(by: size)
                if overflow { return nil }
                result = next
            }
            return result
        }
        guard let outer = product(0..<rowAxis), let rows = product(rowAxis..<(rowAxis + rowAxisCount)),
            let inner = product((rowAxis + rowAxisCount)..<shape.rank)
        else { return nil }
        // With a dimension of zero the number of elements does not bound the number of columns.
        if outer.multipliedReportingOverflow(by: inner).overflow { return nil }
        self.outer = outer
        self.rows = rows
        self.inner = inner
        self.order = order
    }

    /// A single row of elements.
    package init(elementCount: Int) {
        outer = 1
        rows = 1
        inner = elementCount
        order = .cOrder
    }

    /// Neighbouring places in coding order whose row and column go on regularly.
    package struct Run: Equatable {
        /// Places covered.
        package var count: Int
        package var row: Int
        package var column: Int
        /// True if the row goes up by one from place to place and the column stays; false if it is the other way round.
        package var alongRows: Bool
        /// C-order place of the first element.
        package var element: Int
        /// Distance of neighbouring places in C order.
        package var stride: Int
    }

    /// Calls `body` for runs that cover the places `range` of the coding order, in that order; `range` must lie inside.
    @inlinable
    package func forEachRun(in range: Range<Int>, _ body: (Run) -> Void) {
        var place = range.lowerBound
        while place < range.upperBound {
            let left = range.upperBound - place
            var run: Run
            switch order {
            case .cOrder where inner == 1:
                let (p, r) = place.quotientAndRemainder(dividingBy: rows)
                run = Run(count: rows - r, row: r, column: p, alongRows: true, element: place, stride: 1)
            case .cOrder:
                let (line, s) = place.quotientAndRemainder(dividingBy: inner)
                let (p, r) = line.quotientAndRemainder(dividingBy: rows)
                run = Run(count: inner - s, row: r, column: p * inner + s, alongRows: false, element: place, stride: 1)
            case .rowMajor where inner == 1:
                let (r, p) = place.quotientAndRemainder(dividingBy: outer)
                run = Run(count: outer - p, row: r, column: p, alongRows: false, element: p * rows + r, stride: rows)
            case .rowMajor:
                let (line, s) = place.quotientAndRemainder(dividingBy: inner)
                let (r, p) = line.quotientAndRemainder(dividingBy: outer)
                run = Run(count: inner - s, row: r, column: p * inner + s, alongRows: false, element: (p * rows + r) * inner + s, stride: 1)
            }
            run.count = min(run.count, left)
            body(run)
            place += run.count
        }
    }
}
