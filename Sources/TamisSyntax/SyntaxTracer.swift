import TamisBits

/// Reads like `SyntaxReader` and notes each element on the way: what the Spec's tables are held against, and `conformance stream` can show.
///
/// An element that is refused is the last one noted.
package struct SyntaxTracer: SyntaxVisitor {
    package struct Step: Sendable, Equatable {
        package let structure: String
        package let element: String
        /// Name of the descriptor in the Spec: `u8`, `uv` ….
        package let descriptor: String
        /// Byte offset in the file.
        package let offset: UInt64
        package let byteCount: UInt64
        /// Numbers in decimal, text as it is; empty for what cannot be read.
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

    /// Notes an element once it is read, before its value is held to a range; of what cannot be read, the bytes.
    private mutating func trace<Value>(
        _ element: StaticString, _ descriptor: String, _ read: (inout SyntaxReader) throws(TamisError) -> Value
    ) throws(TamisError) -> Value {
        let offset = reader.reader.fileOffset
        do throws(TamisError) {
            let value = try read(&reader)
            note(element, descriptor, offset..<reader.reader.fileOffset, "\(value)")
            return value
        } catch {
            let end = error.code == .truncated ? reader.reader.fileOffset + UInt64(reader.reader.remaining) : reader.reader.fileOffset
            if end > offset { note(element, descriptor, offset..<end, "") }
            throw error
        }
    }

    private mutating func note(_ element: StaticString, _ descriptor: String, _ place: Range<UInt64>, _ value: String) {
        steps.append(Step(
            structure: structures.last.map { "\($0)" } ?? "", element: "\(element)", descriptor: descriptor, offset: place.lowerBound,
            byteCount: UInt64(place.count), value: value))
    }

    package mutating func u8(_ element: StaticString, _ value: inout UInt8, _ range: ClosedRange<UInt8>) throws(TamisError) {
        value = try trace(element, "u8") { (reader) throws(TamisError) in
            var value: UInt8 = 0
            try reader.u8(element, &value, .min ... .max)
            return value
        }
        try reader.check(element, value, range)
    }

    package mutating func u16(_ element: StaticString, _ value: inout UInt16, _ range: ClosedRange<UInt16>) throws(TamisError) {
        value = try trace(element, "u16") { (reader) throws(TamisError) in
            var value: UInt16 = 0
            try reader.u16(element, &value, .min ... .max)
            return value
        }
        try reader.check(element, value, range)
    }

    package mutating func u64(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) throws(TamisError) {
        value = try trace(element, "u64") { (reader) throws(TamisError) in
            var value: UInt64 = 0
            try reader.u64(element, &value, .min ... .max)
            return value
        }
        try reader.check(element, value, range)
    }

    package mutating func uv(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) throws(TamisError) {
        value = try trace(element, "uv") { (reader) throws(TamisError) in
            var value: UInt64 = 0
            try reader.uv(element, &value, .min ... .max)
            return value
        }
        try reader.check(element, value, range)
    }

    package mutating func sv(_ element: StaticString, _ value: inout Int64, _ range: ClosedRange<Int64>) throws(TamisError) {
        value = try trace(element, "sv") { (reader) throws(TamisError) in
            var value: Int64 = 0
            try reader.sv(element, &value, .min ... .max)
            return value
        }
        try reader.check(element, value, range)
    }

    package mutating func u32(_ element: StaticString, _ value: inout UInt32) throws(TamisError) {
        value = try trace(element, "u32") { (reader) throws(TamisError) in
            var value: UInt32 = 0
            try reader.u32(element, &value)
            return value
        }
    }

    package mutating func f32(_ element: StaticString, _ value: inout Float, _ range: ClosedRange<Float>) throws(TamisError) {
        value = try trace(element, "f32") { (reader) throws(TamisError) in
            var bits: UInt32 = 0
            try reader.u32(element, &bits)
            return Float(bitPattern: bits)
        }
        try reader.check(element, value, range)
    }

    package mutating func text(_ element: StaticString, _ value: inout String, maximumBytes: UInt64) throws(TamisError) {
        value = try trace(element, "text") { (reader) throws(TamisError) in
            var value = ""
            try reader.text(element, &value, maximumBytes: maximumBytes)
            return value
        }
    }

    package mutating func bytes(_ element: StaticString, _ value: inout [UInt8], count: Int) throws(TamisError) {
        var content: [UInt8] = []
        _ = try trace(element, "bytes") { (reader) throws(TamisError) in
            try reader.bytes(element, &content, count: count)
            return "\(count) bytes"
        }
        value = content
    }

    package mutating func expect(_ element: StaticString, count: UInt64, minimumBytes: UInt64) throws(TamisError) {
        try reader.expect(element, count: count, minimumBytes: minimumBytes)
    }

    package func contradiction(_ element: StaticString, _ code: TamisError.Code, _ message: String) -> TamisError {
        reader.contradiction(element, code, message)
    }
}
