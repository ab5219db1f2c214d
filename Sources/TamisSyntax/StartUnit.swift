import TamisBits

/// Spec §4.1. Which version, profile and level a reader must know to read the rest.
package struct StartUnit: SyntaxStructure, Equatable, Sendable {
    package var formatVersion: UInt16 = Syntax.formatVersion
    package var profile: UInt8 = Syntax.mainProfile
    /// See `Level`.
    package var level: UInt8 = 0

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("start_unit")
        try visitor.u16("format_version", &formatVersion, 0...UInt16.max)
        try visitor.u8("profile", &profile, 0...255)
        try visitor.u8("level", &level, 0...UInt8(Level.all.count - 1))
        visitor.end()
    }
}
