import TamisBits

/// Spec §4.1. Which version, profile and level a reader must know to read the rest, and which part of the model the stream has.
package struct StartUnit: SyntaxStructure, Equatable, Sendable {
    package var formatVersion: UInt16 = Syntax.formatVersion
    package var profile: UInt8 = Syntax.mainProfile
    /// See `Level`.
    package var level: UInt8 = 0
    /// Place among the shards of the model (Spec §3.7).
    package var shardNumber: UInt16 = 0
    /// Streams that hold the model together; 1: this one is whole.
    package var shardCount: UInt16 = 1

    package init() {}

    package mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError) {
        visitor.begin("start_unit")
        try visitor.u16("format_version", &formatVersion, 0...UInt16.max)
        try visitor.u8("profile", &profile, 0...255)
        try visitor.u8("level", &level, 0...Syntax.maximumReserved)
        if Int(level) >= Level.all.count { throw visitor.unsupported("level", "level \(level)") }
        try visitor.u16("shard_number", &shardNumber, 0...65534)
        try visitor.u16("shard_count", &shardCount, 1...65535)
        if shardNumber >= shardCount {
            throw visitor.contradiction("shard_number", .valueOutOfRange, "shard \(shardNumber) of \(shardCount), expected a number below their count")
        }
        visitor.end()
    }
}
