import TamisBits

/// Spec §4.5. A list of values, one per index.
package struct Codebook: SyntaxStructure, Equatable, Sendable {
    /// The index of the first value.
    package var first: Int64 = 0
    package var entries: [CodebookEntry] = []

    package static let firstRange: ClosedRange<Int64> = -65535...0
    package static let mostEntries: UInt64 = 65536

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("codebook")
        try visitor.sv("codebook_first", &first, Self.firstRange)
        var count = UInt64(entries.count)
        try visitor.uv("codebook_count", &count, 1...Self.mostEntries)
        if first + Int64(count) <= 0 {
            throw visitor.contradiction("codebook_count", .valueOutOfRange, "\(count) entries from index \(first) on do not reach index 0")
        }
        try visitor.items("codebook_count", &entries, count: count, minimumItemBytes: 4)
        visitor.end()
    }
}

/// Spec §4.5. A value of a codebook.
package struct CodebookEntry: SyntaxStructure, Equatable, Sendable {
    package var value: Float = 0

    package init() {}

    package init(_ value: Float) { self.value = value }

    package static let valueRange: ClosedRange<Float> = -0x1p120...0x1p120

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("codebook_entry")
        try visitor.f32("codebook_value", &value, Self.valueRange)
        visitor.end()
    }
}
