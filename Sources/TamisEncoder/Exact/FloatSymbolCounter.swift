import TamisArithmetic
import TamisBits
import TamisQuantization

/// Counts symbols by table.
struct FloatSymbolCounter {
    private let window: FloatWindow
    private let tableOfClass: [UInt8]
    /// By table and symbol.
    private(set) var counts: [[UInt64]]

    init(_ window: FloatWindow, tableOfClass: [UInt8]) {
        self.window = window
        self.tableOfClass = tableOfClass
        counts = Array(repeating: Array(repeating: 0, count: window.symbols), count: Int(tableOfClass[16]) + 1)
    }

    /// Counts the elements `range` in C order.
    mutating func add(_ bytes: ByteView, _ range: Range<Int>, _ classes: ScaleClasses, _ view: MatrixView) {
        let values = bytes[(range.lowerBound * window.layout.byteCount)..<(range.upperBound * window.layout.byteCount)]
        let some = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { lines in
            let sends = !classes.rows.isEmpty || !classes.columns.isEmpty
            if sends { unsafe classes.fill(lines, range: range, of: view) }
            return unsafe window.count(values, classes: UnsafeBufferPointer(rebasing: sends ? lines[...] : lines[..<0]), tableOfClass: tableOfClass)
        }
        for table in counts.indices {
            for symbol in 0..<window.symbols { counts[table][symbol] += UInt64(some[table * 256 + symbol]) }
        }
    }
}
