import TamisBits

/// Spec §4.5. The parameters of `float` mode.
package struct FloatCoding: SyntaxStructure, Equatable, Sendable {
    package struct Tools: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A scale class per row is sent.
        package static let rowClasses = Tools(rawValue: 1)
        /// A scale class per column is sent.
        package static let columnClasses = Tools(rawValue: 2)
        /// Some rows have more zero bits than the others.
        package static let shortRows = Tools(rawValue: 4)
    }

    /// Lowest bits of every element, which are 0.
    package var zeroBits: UInt8 = 0
    /// Highest bits of the mantissa that belong to a symbol.
    package var modelledBits: UInt8 = 0
    /// The lowest prefix that has a symbol.
    package var windowOrigin: UInt64 = 0
    /// How many prefixes from there on have.
    package var windowSymbols: UInt64 = 1
    package var rowAxis: UInt8 = 0
    package var rowAxisCount: UInt8 = 1
    package var tools: Tools = []
    package var lineClassBytes: UInt64 = 0
    /// Lowest bits of every element of a short row, which are 0.
    package var shortZeroBits: UInt8 = 1
    package var shortRowBytes: UInt64 = 0
    package var frequencyBytes: UInt64 = 1

    package static let zeroBitsRange: ClosedRange<UInt8> = 0...52
    package static let shortZeroBitsRange: ClosedRange<UInt8> = 1...52
    package static let modelledBitsRange: ClosedRange<UInt8> = 0...4
    package static let windowOriginRange: ClosedRange<UInt64> = 0...32767
    package static let windowSymbolsRange: ClosedRange<UInt64> = 1...254

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("float_coding")
        try visitor.u8("zero_bits", &zeroBits, Self.zeroBitsRange)
        try visitor.u8("modelled_bits", &modelledBits, Self.modelledBitsRange)
        try visitor.uv("window_origin", &windowOrigin, Self.windowOriginRange)
        try visitor.uv("window_symbols", &windowSymbols, Self.windowSymbolsRange)
        try visitor.u8("row_axis", &rowAxis, 0...Syntax.maximumRank)
        try visitor.u8("row_axis_count", &rowAxisCount, 0...Syntax.maximumRank)
        var toolBits = tools.rawValue
        try visitor.u8("coding_tools", &toolBits, 0...7)
        tools = Tools(rawValue: toolBits)
        if !tools.isDisjoint(with: [.rowClasses, .columnClasses]) {
            try visitor.uv("line_class_bytes", &lineClassBytes, 1...UInt64.max)
        }
        if tools.contains(.shortRows) {
            try visitor.u8("short_zero_bits", &shortZeroBits, Self.shortZeroBitsRange)
            try visitor.uv("short_row_bytes", &shortRowBytes, 1...UInt64.max)
        }
        try visitor.uv("frequency_bytes", &frequencyBytes, 1...UInt64.max)
        visitor.end()
    }
}
