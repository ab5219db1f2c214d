import TamisArithmetic
import TamisBits
import TamisQuantization
import TamisSyntax

/// Codes the slices of one floating-point tensor in float mode (Spec §6.9): all is chosen first, then every slice goes by itself.
package struct FloatTensorCoder: Sendable {
    package let coding: FloatCoding
    /// The codeword of the line classes; empty if none are sent.
    package let lineClasses: [UInt8]
    /// The codeword of the short rows; empty if there are none.
    package let shortRows: [UInt8]
    /// The codeword of the frequencies.
    package let frequencies: [UInt8]
    /// About the bytes of all that follows the coding's parameters.
    package let estimatedBytes: UInt64
    package let model: FloatModel
    package let classes: ScaleClasses
    private let bytes: ByteView
    private let view: MatrixView
    /// Elements of all slices together.
    var elementCount: Int { view.elementCount }
    private let encoder: FloatSliceEncoder

    /// Elements that window and classes are chosen from; frequencies are those of all elements.
    private static let sample = TensorCoder.Sample(elements: 1 << 16, run: 1 << 11)
    /// Elements from which on classes are looked at.
    private static let fewestForClasses = 4096
    private static let part = 1 << 16

    /// - Parameters:
    ///   - bytes: the tensor's, at least one element; used as long as the coder is.
    ///   - view: in C order, by the row axes given.
    /// - Returns: nil if no window holds elements of the layout, which does not happen for those of element types.
    package init?(bytes: ByteView, layout: FloatLayout, view: MatrixView, rowAxis: UInt8, rowAxisCount: UInt8) {
        precondition(view.order == .cOrder && view.elementCount > 0 && bytes.count == view.elementCount * layout.byteCount)
        self.bytes = bytes
        self.view = view
        let count = view.elementCount
        let zeroBits = FloatZeroBits(bytes, layout, view)
        var prefixes = FloatPrefixCounts(layout, zeroBits)
        let ranges = Self.sample.ranges(of: count)
        for range in ranges { prefixes.add(bytes[(range.lowerBound * layout.byteCount)..<(range.upperBound * layout.byteCount)]) }
        guard let wide = FloatWindowDesign.best(prefixes, elementCount: count) else { return nil }
        var candidates = ScaleClasses()
        if count >= Self.fewestForClasses {
            (candidates.rows, candidates.columns) = FloatLineStatistics.classes(of: bytes, layout: layout, view: view)
        }
        let lines = FloatLineDesign(bytes, wide, view, candidates, sample: ranges)
        classes = lines.classes
        lineClasses = lines.codeword
        shortRows = zeroBits.codeword

        var counter = FloatSymbolCounter(wide, tableOfClass: lines.tableOfClass)
        for start in stride(from: 0, to: count, by: Self.part) { counter.add(bytes, start..<min(start + Self.part, count), classes, view) }
        guard let design = Self.model(wide, counter.counts, lines, zeroBits) else { return nil }
        (model, estimatedBytes) = design
        encoder = FloatSliceEncoder(model)
        frequencies = FloatFrequencyCoder.encode(model.frequencies, hasClasses: !lineClasses.isEmpty)

        var coding = FloatCoding()
        coding.zeroBits = UInt8(model.window.zeroBits)
        coding.modelledBits = UInt8(model.window.modelledBits)
        coding.windowOrigin = UInt64(model.window.origin)
        coding.windowSymbols = UInt64(model.window.count)
        coding.rowAxis = rowAxis
        coding.rowAxisCount = rowAxisCount
        if !classes.rows.isEmpty { coding.tools.insert(.rowClasses) }
        if !classes.columns.isEmpty { coding.tools.insert(.columnClasses) }
        coding.lineClassBytes = UInt64(lineClasses.count)
        if let rows = zeroBits.shortRows {
            coding.tools.insert(.shortRows)
            coding.shortZeroBits = UInt8(rows.zeroBits)
            coding.shortRowBytes = UInt64(shortRows.count)
        }
        coding.frequencyBytes = UInt64(frequencies.count)
        self.coding = coding
    }

    /// Codes the slice at `range` of the elements; slices may be coded side by side.
    package func encode(_ range: Range<Int>) -> IndexSliceCoder.Slice {
        let size = model.window.layout.byteCount
        let values = bytes[(range.lowerBound * size)..<(range.upperBound * size)]
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { lines in
            if lineClasses.isEmpty { return unsafe encoder.encode(values, range: range, classes: UnsafeBufferPointer(start: nil, count: 0)) }
            unsafe classes.fill(lines, range: range, of: view)
            return unsafe encoder.encode(values, range: range, classes: UnsafeBufferPointer(lines))
        }
    }

    /// The tables for counts, the window as narrow as they allow, and what the elements then take.
    private static func model(_ wide: FloatWindow, _ counts: [ArraySlice<UInt64>], _ lines: FloatLineDesign, _ zeroBits: FloatZeroBits) -> (FloatModel, bytes: UInt64)? {
        let savedBits = max(wide.escapeBits - wide.rawBits - 1, 1)
        var tables = counts.map { FrequencyScaling.frequencies(of: $0, savedBits: savedBits) }
        var bits = Double((lines.codeword.count + zeroBits.codeword.count) * 8)
        if let rows = zeroBits.shortRows {
            bits -= Double(rows.isShort.count { $0 } * rows.elementsPerRow * (rows.zeroBits - zeroBits.all))
        }
        for (table, counts) in zip(tables, counts) { bits += Entropy.bits(counts, under: table, wide) + Entropy.tableBits(counts) }
        let first = FloatWindow.first
        let used = (first..<wide.symbols).filter { symbol in tables.contains { $0[symbol] > 0 } }
        let range = (used.first ?? first)..<((used.last ?? first) + 1)
        for table in tables.indices { tables[table] = Array(tables[table][..<first] + tables[table][range]) }
        let narrow = FloatWindow(
            layout: wide.layout, zeroBits: wide.zeroBits, modelledBits: wide.modelledBits, origin: wide.origin + range.lowerBound - first,
            count: range.count)
        let frequencies = FloatFrequencies(symbols: range.count + first, values: Array(tables.joined()), tableOfClass: lines.tableOfClass)
        guard let narrow, let frequencies, let model = FloatModel(narrow, frequencies, shortRows: zeroBits.shortRows) else { return nil }
        return (model, UInt64(max(bits, 0) / 8) + 1)
    }
}
