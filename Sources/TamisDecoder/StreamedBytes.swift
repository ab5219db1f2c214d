import TamisBits

/// Decoded bytes, for as long as a value of this type exists.
package struct StreamedBytes: Sendable {
    private let memory: any WorkingMemory
    private let range: Range<Int>

    /// The first `byteCount` bytes of `memory`.
    init(_ memory: any WorkingMemory, byteCount: Int) {
        self.memory = memory
        range = 0..<byteCount
    }

    private init(_ memory: any WorkingMemory, _ range: Range<Int>) {
        self.memory = memory
        self.range = range
    }

    package var count: Int { range.count }

    /// Valid as long as this value, or a part of it, exists.
    package var view: ByteView { memory.region[range].view }

    /// The part `part`, not copied; traps if it is not inside.
    subscript(part: Range<Int>) -> StreamedBytes {
        precondition(part.lowerBound >= 0 && part.upperBound <= count)
        return StreamedBytes(memory, (range.lowerBound + part.lowerBound)..<(range.lowerBound + part.upperBound))
    }

    /// Calls `body` with the bytes, and keeps them there meanwhile.
    package func withView<R>(_ body: (ByteView) throws(TamisError) -> R) throws(TamisError) -> R {
        defer { withExtendedLifetime(memory) {} }
        return try body(view)
    }
}
