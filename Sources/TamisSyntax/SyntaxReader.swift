import TamisBits

/// Takes the elements of structures from bytes.
package struct SyntaxReader: SyntaxVisitor {
    package var reader: ByteReader
    package let bounds: CountBounds

    /// - Parameter base: place of the first byte in the file, for errors.
    package init(_ bytes: ByteView, base: UInt64, bounds: CountBounds = CountBounds()) {
        reader = ByteReader(bytes, base: base)
        self.bounds = bounds
    }

    package var isReading: Bool { true }
    package var offset: UInt64? { reader.fileOffset }
    package mutating func begin(_ structure: StaticString) {}
    package mutating func end() {}

    package mutating func u8(_ element: StaticString, _ value: inout UInt8, _ range: ClosedRange<UInt8>) throws(TamisError) {
        let offset = reader.fileOffset
        value = try reader.u8(element)
        try check(element, value, range, offset)
    }

    package mutating func u16(_ element: StaticString, _ value: inout UInt16, _ range: ClosedRange<UInt16>) throws(TamisError) {
        let offset = reader.fileOffset
        value = try reader.u16(element)
        try check(element, value, range, offset)
    }

    package mutating func u32(_ element: StaticString, _ value: inout UInt32) throws(TamisError) { value = try reader.u32(element) }

    package mutating func u64(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) throws(TamisError) {
        let offset = reader.fileOffset
        value = try reader.u64(element)
        try check(element, value, range, offset)
    }

    package mutating func uv(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) throws(TamisError) {
        let offset = reader.fileOffset
        value = try reader.uv(element)
        try check(element, value, range, offset)
    }

    package mutating func sv(_ element: StaticString, _ value: inout Int64, _ range: ClosedRange<Int64>) throws(TamisError) {
        let offset = reader.fileOffset
        let zigzag = try reader.uv(element)
        value = Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
        try check(element, value, range, offset)
    }

    package mutating func f32(_ element: StaticString, _ value: inout Float, _ range: ClosedRange<Float>) throws(TamisError) {
        let offset = reader.fileOffset
        value = Float(bitPattern: try reader.u32(element))
        // A NaN lies in no range.
        try check(element, value, range, offset)
    }

    package mutating func text(_ element: StaticString, _ value: inout String, maximumBytes: UInt64) throws(TamisError) {
        let offset = reader.fileOffset
        let count = try reader.uv(element)
        try check(element, count, 0...maximumBytes, offset)
        let bytes = try reader.bytes(count, element)
        guard let text = String(validating: bytes.array, as: UTF8.self) else {
            throw TamisError(.invalidText, "the text is not valid UTF-8", element: "\(element)", byteOffset: offset)
        }
        if Syntax.hasControlCharacter(text) {
            throw TamisError(.invalidText, "the text has a control character", element: "\(element)", byteOffset: offset)
        }
        value = text
    }

    package mutating func bytes(_ element: StaticString, _ value: inout [UInt8], count: Int) throws(TamisError) {
        value = try reader.bytes(UInt64(count), element).array
    }

    package mutating func expect(_ element: StaticString, count: UInt64, minimumBytes: UInt64) throws(TamisError) {
        let needed = try count.multiplied(by: minimumBytes, element)
        if needed > UInt64(reader.remaining) {
            throw .truncated(element, needs: needed, has: UInt64(reader.remaining), at: reader.fileOffset)
        }
    }

    package func contradiction(_ element: StaticString, _ code: TamisError.Code, _ message: String) -> TamisError {
        TamisError(code, message, element: "\(element)", byteOffset: reader.fileOffset)
    }

    /// Refuses bytes that no element has taken.
    package func finish(_ element: StaticString) throws(TamisError) {
        if reader.remaining > 0 {
            throw TamisError(
                .trailingBytes, "\(reader.remaining) bytes follow the last element", element: "\(element)", byteOffset: reader.fileOffset)
        }
    }

    private func check<T: Comparable>(_ element: StaticString, _ value: T, _ range: ClosedRange<T>, _ offset: UInt64) throws(TamisError) {
        if !(range ~= value) {
            throw TamisError(
                .valueOutOfRange, "the value is \(value), expected \(range.lowerBound) … \(range.upperBound)", element: "\(element)",
                byteOffset: offset)
        }
    }
}
