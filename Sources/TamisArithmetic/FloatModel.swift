/// All that slices of float mode are coded with (Spec §6.9).
package struct FloatModel: Sendable, Equatable {
    package let window: FloatWindow
    package let frequencies: FloatFrequencies
    package let shortRows: ShortRows?

    /// Rows whose elements have more zero bits than all elements have.
    package struct ShortRows: Sendable, Equatable {
        /// The lowest bits of an element of a short row, which are 0 and not sent.
        package let zeroBits: Int
        package let elementsPerRow: Int
        /// By row.
        package let isShort: [Bool]

        package init(zeroBits: Int, elementsPerRow: Int, isShort: [Bool]) {
            self.zeroBits = zeroBits
            self.elementsPerRow = elementsPerRow
            self.isShort = isShort
        }
    }

    /// What holds for the elements of short rows.
    let shortWindow: FloatWindow

    /// - Returns: nil unless the tables are of the window's symbols, and short rows have more zero bits and leave room for the modelled ones.
    package init?(_ window: FloatWindow, _ frequencies: FloatFrequencies, shortRows: ShortRows? = nil) {
        guard frequencies.symbols == window.symbols else { return nil }
        self.window = window
        self.frequencies = frequencies
        self.shortRows = shortRows
        guard let shortRows else {
            shortWindow = window
            return
        }
        let short = FloatWindow(
            layout: window.layout, zeroBits: shortRows.zeroBits, modelledBits: window.modelledBits, origin: window.origin, count: window.count)
        guard let short, shortRows.zeroBits > window.zeroBits, shortRows.elementsPerRow > 0 else { return nil }
        shortWindow = short
    }

    /// Calls `body` for the parts of `range`, which lies in the tensor, whose rows are all short or all not.
    @inline(__always)
    func forEachRun(in range: Range<Int>, _ body: (Range<Int>, _ isShort: Bool) -> Void) {
        guard let shortRows else { return body(range, false) }
        var place = range.lowerBound
        while place < range.upperBound {
            var row = place / shortRows.elementsPerRow
            let isShort = shortRows.isShort[row]
            repeat { row += 1 } while row < shortRows.isShort.count && shortRows.isShort[row] == isShort
            let end = min(row * shortRows.elementsPerRow, range.upperBound)
            body(place..<end, isShort)
            place = end
        }
    }
}
