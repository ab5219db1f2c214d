import TamisBits

/// Puts the elements of structures into bytes.
package struct SyntaxWriter: SyntaxVisitor {
    package var writer = ByteWriter()

    package init() {}

    package var isReading: Bool { false }
    package mutating func begin(_ structure: StaticString) {}
    package mutating func end() {}

    package mutating func u8(_ element: StaticString, _ value: inout UInt8, _ range: ClosedRange<UInt8>) throws(TamisError) {
        try check(element, value, range)
        writer.u8(value)
    }

    package mutating func u16(_ element: StaticString, _ value: inout UInt16, _ range: ClosedRange<UInt16>) throws(TamisError) {
        try check(element, value, range)
        writer.u16(value)
    }

    package mutating func u32(_ element: StaticString, _ value: inout UInt32) throws(TamisError) { writer.u32(value) }

    package mutating func u64(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) throws(TamisError) {
        try check(element, value, range)
        writer.u64(value)
    }

    package mutating func uv(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) throws(TamisError) {
        try check(element, value, range)
        writer.uv(value)
    }

    package mutating func sv(_ element: StaticString, _ value: inout Int64, _ range: ClosedRange<Int64>) throws(TamisError) {
        try check(element, value, range)
        writer.uv(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    package mutating func f32(_ element: StaticString, _ value: inout Float, _ range: ClosedRange<Float>) throws(TamisError) {
        try check(element, value, range)
        writer.u32(value.bitPattern)
    }

    package mutating func text(_ element: StaticString, _ value: inout String, maximumBytes: UInt64) throws(TamisError) {
        let bytes = Array(value.utf8)
        try check(element, UInt64(bytes.count), 0...maximumBytes)
        if Syntax.hasControlCharacter(value) { throw contradiction(element, .invalidText, "the text has a control character") }
        writer.uv(UInt64(bytes.count))
        writer.append(bytes)
    }

    package mutating func bytes(_ element: StaticString, _ value: inout [UInt8], count: Int) throws(TamisError) {
        try check(element, value.count, count...count)
        writer.append(value)
    }

    package mutating func expect(_ element: StaticString, count: UInt64, minimumBytes: UInt64) throws(TamisError) {}

    package func contradiction(_ element: StaticString, _ code: TamisError.Code, _ message: String) -> TamisError {
        TamisError(code, message, element: "\(element)")
    }

    private func check<T: Comparable>(_ element: StaticString, _ value: T, _ range: ClosedRange<T>) throws(TamisError) {
        if !(range ~= value) {
            throw TamisError(.valueOutOfRange, "\(value) cannot be written, the format allows \(range.lowerBound) … \(range.upperBound)", element: "\(element)")
        }
    }
}

extension SyntaxStructure {
    /// The structure's bytes.
    package func encoded() throws(TamisError) -> [UInt8] {
        var writer = SyntaxWriter()
        var copy = self
        try copy.visit(&writer)
        return writer.writer.bytes
    }

    /// The structure that makes up all of `bytes`, which begin at `base` in the file.
    package init(decoding bytes: ByteView, base: UInt64, bounds: CountBounds = CountBounds(), _ element: StaticString) throws(TamisError) {
        var reader = SyntaxReader(bytes, base: base, bounds: bounds)
        self.init()
        try visit(&reader)
        try reader.finish(element)
    }
}
