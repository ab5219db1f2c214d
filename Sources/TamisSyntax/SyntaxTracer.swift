import TamisBits

/// Reads like `SyntaxReader` and notes each element on the way: what the Spec's tables are held against, and `inspect` can show.
package struct SyntaxTracer: SyntaxVisitor {
    package struct Step: Sendable, Equatable {
        package let structure: String
        package let element: String
        /// Name of the descriptor in the Spec: `u8`, `uv` ….
        package let descriptor: String
        /// Byte offset in the file.
        package let offset: UInt64
        package let byteCount: UInt64
        package let value: String
    }

    package var reader: SyntaxReader
    package private(set) var steps: [Step] = []
    private var structures: [StaticString] = []

    package init(_ bytes: ByteView, base: UInt64) { reader = SyntaxReader(bytes, base: base) }

    package var isReading: Bool { true }
    package var bounds: CountBounds { reader.bounds }
    package var offset: UInt64? { reader.offset }
    package mutating func begin(_ structure: StaticString) { structures.append(structure) }
    package mutating func end() { structures.removeLast() }

    private mutating func note(_ element: StaticString, _ descriptor: String, since offset: UInt64, _ value: some Any) {
        steps.append(Step(
            structure: structures.last.map { "\($0)" } ?? "", element: "\(element)", descriptor: descriptor, offset: offset,
            byteCount: reader.reader.fileOffset - offset, value: "\(value)"))
    }

    package mutating func u8(_ element: StaticString, _ value: inout UInt8, _ range: ClosedRange<UInt8>) throws(TamisError) {
        let offset = reader.reader.fileOffset
        try reader.u8(element, &value, range)
        note(element, "u8", since: offset, value)
    }

    package mutating func u16(_ element: StaticString, _ value: inout UInt16, _ range: ClosedRange<UInt16>) throws(TamisError) {
        let offset = reader.reader.fileOffset
        try reader.u16(element, &value, range)
        note(element, "u16", since: offset, value)
    }

    package mutating func u32(_ element: StaticString, _ value: inout UInt32) throws(TamisError) {
        let offset = reader.reader.fileOffset
        try reader.u32(element, &value)
        note(element, "u32", since: offset, value)
    }

    package mutating func u64(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) throws(TamisError) {
        let offset = reader.reader.fileOffset
        try reader.u64(element, &value, range)
        note(element, "u64", since: offset, value)
    }

    package mutating func uv(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) throws(TamisError) {
        let offset = reader.reader.fileOffset
        try reader.uv(element, &value, range)
        note(element, "uv", since: offset, value)
    }

    package mutating func sv(_ element: StaticString, _ value: inout Int64, _ range: ClosedRange<Int64>) throws(TamisError) {
        let offset = reader.reader.fileOffset
        try reader.sv(element, &value, range)
        note(element, "sv", since: offset, value)
    }

    package mutating func f32(_ element: StaticString, _ value: inout Float, _ range: ClosedRange<Float>) throws(TamisError) {
        let offset = reader.reader.fileOffset
        try reader.f32(element, &value, range)
        note(element, "f32", since: offset, value)
    }

    package mutating func text(_ element: StaticString, _ value: inout String, maximumBytes: UInt64) throws(TamisError) {
        let offset = reader.reader.fileOffset
        try reader.text(element, &value, maximumBytes: maximumBytes)
        note(element, "text", since: offset, value)
    }

    package mutating func bytes(_ element: StaticString, _ value: inout [UInt8], count: Int) throws(TamisError) {
        let offset = reader.reader.fileOffset
        try reader.bytes(element, &value, count: count)
        note(element, "bytes", since: offset, "\(count) bytes")
    }

    package mutating func expect(_ element: StaticString, count: UInt64, minimumBytes: UInt64) throws(TamisError) {
        try reader.expect(element, count: count, minimumBytes: minimumBytes)
    }

    package func contradiction(_ element: StaticString, _ code: TamisError.Code, _ message: String) -> TamisError {
        reader.contradiction(element, code, message)
    }
}
