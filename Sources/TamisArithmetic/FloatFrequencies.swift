/// Tables of the frequencies of symbols, and which scale class uses which (Spec §6.9.2).
package struct FloatFrequencies: Sendable, Equatable {
    /// Symbols of each table.
    package let symbols: Int
    /// One table after the other.
    package let values: [UInt16]
    /// By scale class, 0 … 16. The first class has table 0, and each class the table of the class before it or the next one.
    package let tableOfClass: [UInt8]

    package static let bits = 12
    package static let sum = 1 << bits
    /// So that every element can be coded.
    package static let smallestEscape: UInt16 = 2
    /// So that no symbol comes for nothing (Spec §9.3).
    package static let largest: UInt16 = 4094
    package static let classCount = 17

    package var tables: Int { values.count / symbols }

    /// - Returns: nil unless the frequencies of each table add up to `sum`, and each is one that a stream may have.
    package init?(symbols: Int, values: [UInt16], tableOfClass: [UInt8]) {
        guard symbols > 0, values.count % symbols == 0, tableOfClass.count == Self.classCount, tableOfClass[0] == 0,
            Int(tableOfClass[Self.classCount - 1]) + 1 == values.count / symbols,
            zip(tableOfClass, tableOfClass.dropFirst()).allSatisfy({ $1 == $0 || $1 == $0 + 1 })
        else { return nil }
        for start in stride(from: 0, to: values.count, by: symbols) {
            let table = values[start..<(start + symbols)]
            if values[start] < Self.smallestEscape || table.contains(where: { $0 > Self.largest }) { return nil }
            if table.reduce(0, { $0 + Int($1) }) != Self.sum { return nil }
        }
        self.symbols = symbols
        self.values = values
        self.tableOfClass = tableOfClass
    }

    package func table(_ number: Int) -> ArraySlice<UInt16> { values[(number * symbols)..<((number + 1) * symbols)] }
}
