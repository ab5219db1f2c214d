import TamisArithmetic
import TamisBits
import TamisQuantization

/// Counts symbols by table.
struct FloatSymbolCounter {
    private let window: FloatWindow
    private let tableOfClass: [UInt8]
    /// By 256 times the table plus the symbol.
    private var flat: [UInt64]

    init(_ window: FloatWindow, tableOfClass: [UInt8]) {
        self.window = window
        self.tableOfClass = tableOfClass
        flat = [UInt64](repeating: 0, count: 256 * (Int(tableOfClass.max() ?? 0) + 1))
    }

    /// By table and symbol.
    var counts: [ArraySlice<UInt64>] { stride(from: 0, to: flat.count, by: 256).map { flat[$0..<($0 + window.symbols)] } }

    /// Counts the elements `range` in C order.
    mutating func add(_ bytes: ByteView, _ range: Range<Int>, _ classes: ScaleClasses, _ view: MatrixView) {
        let values = bytes[(range.lowerBound * window.layout.byteCount)..<(range.upperBound * window.layout.byteCount)]
        if classes.rows.isEmpty && classes.columns.isEmpty {
            unsafe window.count(values, classes: UnsafeBufferPointer(start: nil, count: 0), tableOfClass: tableOfClass, into: &flat)
            return
        }
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { lines in
            unsafe classes.fill(lines, range: range, of: view)
            unsafe window.count(values, classes: UnsafeBufferPointer(lines), tableOfClass: tableOfClass, into: &flat)
        }
    }
}
