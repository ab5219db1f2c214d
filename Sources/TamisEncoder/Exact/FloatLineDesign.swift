import TamisArithmetic
import TamisBits
import TamisQuantization

/// Chooses which lines have classes, and which classes share a table of frequencies.
struct FloatLineDesign {
    private(set) var classes = ScaleClasses()
    /// The codeword of the classes; empty if none are sent.
    private(set) var codeword: [UInt8] = []
    private(set) var tableOfClass = [UInt8](repeating: 0, count: FloatFrequencies.classCount)

    /// - Parameters:
    ///   - ranges: the sample, in C order.
    ///   - candidates: classes that may be sent.
    init(_ bytes: ByteView, _ window: FloatWindow, _ view: MatrixView, _ candidates: ScaleClasses, sample ranges: [Range<Int>]) {
        let hasRows = !candidates.rows.isEmpty
        let hasColumns = !candidates.columns.isEmpty
        var options = [ScaleClasses()]
        if hasRows { options.append(ScaleClasses(rows: candidates.rows)) }
        if hasColumns { options.append(ScaleClasses(columns: candidates.columns)) }
        if hasRows && hasColumns { options.append(candidates) }
        if options.count == 1 { return }
        let scale = Double(view.elementCount) / Double(ranges.reduce(0) { $0 + $1.count })
        var best = Double.infinity
        for option in options {
            var counter = FloatSymbolCounter(window, tableOfClass: (0..<17).map { UInt8($0) })
            for range in ranges { counter.add(bytes, range, option, view) }
            let partition = Self.partition(counter.counts, scale: scale)
            let sendsLines = !option.rows.isEmpty || !option.columns.isEmpty
            let codeword =
                sendsLines
                ? LineClassCoder.encode(rows: option.rows.isEmpty ? nil : option.rows, columns: option.columns.isEmpty ? nil : option.columns) : []
            let bits = partition.bits + Double(codeword.count) * 8
            if bits >= best { continue }
            best = bits
            // Lines whose classes all share a table say nothing.
            let isUseful = partition.tableOfClass[16] > 0
            classes = isUseful ? option : ScaleClasses()
            self.codeword = isUseful ? codeword : []
            tableOfClass = partition.tableOfClass
        }
    }

    /// The cheapest way of giving tables to runs of neighbouring classes.
    private static func partition(_ counts: [ArraySlice<UInt64>], scale: Double) -> (bits: Double, tableOfClass: [UInt8]) {
        let present = counts.indices.filter { counts[$0].contains { $0 > 0 } }
        // best[k]: of the first k classes that are present, the bits and where the last table begins.
        var best: [(bits: Double, begin: Int)] = [(0, 0)]
        for end in 1...max(present.count, 1) where !present.isEmpty {
            var together = [UInt64](repeating: 0, count: counts[0].count)
            var choice = (bits: Double.infinity, begin: 0)
            for begin in stride(from: end - 1, through: 0, by: -1) {
                for (symbol, count) in zip(together.indices, counts[present[begin]]) { together[symbol] += count }
                let bits = best[begin].bits + Entropy.bits(ofSample: together[...], scale: scale)
                if bits < choice.bits { choice = (bits, begin) }
            }
            best.append(choice)
        }
        var begins: Set<Int> = []
        var end = present.count
        while end > 0 {
            end = best[end].begin
            if end > 0 { begins.insert(present[end]) }
        }
        var table: UInt8 = 0
        return (best[present.count].bits, counts.indices.map { scaleClass in
            if begins.contains(scaleClass) { table += 1 }
            return table
        })
    }
}
