import TamisBits

/// Takes the elements of structures from bytes.
package struct SyntaxReader: SyntaxVisitor {
    package var reader: ByteReader
    package let bounds: CountBounds
    /// The element that was begun last, and its place in the file.
    private var last: (element: StaticString, offset: UInt64) = ("", 0)

    /// - Parameter base: place of the first byte in the file, for errors.
    package init(_ bytes: ByteView, base: UInt64, bounds: CountBounds = CountBounds()) {
        reader = ByteReader(bytes, base: base)
        self.bounds = bounds
    }

    package var isReading: Bool { true }
    package var offset: UInt64? { reader.fileOffset }
    package mutating func begin(_ structure: StaticString) {}
    package mutating func end() {}

    private mutating func start(_ element: StaticString) { last = (element, reader.fileOffset) }

    /// Where the element last begun lies, if it is this one.
    private func place(of element: StaticString) -> UInt64? { element.description == last.element.description ? last.offset : nil }

    package mutating func u8(_ element: StaticString, _ value: inout UInt8, _ range: ClosedRange<UInt8>) throws(TamisError) {
        start(element)
        value = try reader.u8(element)
        try check(element, value, range)
    }

    package mutating func u16(_ element: StaticString, _ value: inout UInt16, _ range: ClosedRange<UInt16>) throws(TamisError) {
        start(element)
        value = try reader.u16(element)
        try check(element, value, range)
    }

    package mutating func u32(_ element: StaticString, _ value: inout UInt32) throws(TamisError) {
        start(element)
        value = try reader.u32(element)
    }

    package mutating func u64(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) throws(TamisError) {
        start(element)
        value = try reader.u64(element)
        try check(element, value, range)
    }

    package mutating func uv(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) throws(TamisError) {
        start(element)
        value = try reader.uv(element)
        try check(element, value, range)
    }

    package mutating func sv(_ element: StaticString, _ value: inout Int64, _ range: ClosedRange<Int64>) throws(TamisError) {
        start(element)
        let zigzag = try reader.uv(element)
        value = Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
        try check(element, value, range)
    }

    package mutating func f32(_ element: StaticString, _ value: inout Float, _ range: ClosedRange<Float>) throws(TamisError) {
        start(element)
        value = Float(bitPattern: try reader.u32(element))
        // A NaN lies in no range.
        try check(element, value, range)
    }

    package mutating func text(_ element: StaticString, _ value: inout String, maximumBytes: UInt64) throws(TamisError) {
        start(element)
        let count = try reader.uv(element)
        try check(element, count, 0...maximumBytes)
        let bytes = try reader.bytes(count, element)
        guard let text = String(validating: bytes.array, as: UTF8.self) else {
            throw TamisError(.invalidText, "the text is not valid UTF-8", element: "\(element)", byteOffset: last.offset)
        }
        if Syntax.hasControlCharacter(text) {
            throw TamisError(.invalidText, "the text has a control character", element: "\(element)", byteOffset: last.offset)
        }
        value = text
    }

    package mutating func bytes(_ element: StaticString, _ value: inout [UInt8], count: Int) throws(TamisError) {
        start(element)
        value = try reader.bytes(UInt64(count), element).array
    }

    package mutating func expect(_ element: StaticString, count: UInt64, minimumBytes: UInt64) throws(TamisError) {
        let needed = try count.multiplied(by: minimumBytes, element)
        if needed > UInt64(reader.remaining) {
            throw .truncated(element, needs: needed, has: UInt64(reader.remaining), at: place(of: element) ?? reader.fileOffset)
        }
    }

    package func contradiction(_ element: StaticString, _ code: TamisError.Code, _ message: String) -> TamisError {
        TamisError(code, message, element: "\(element)", byteOffset: place(of: element))
    }

    /// Refuses bytes that no element has taken.
    package func finish(_ element: StaticString) throws(TamisError) {
        if reader.remaining > 0 {
            throw TamisError(
                .trailingBytes, "\(reader.remaining.counted("byte")) behind the last element, expected none", element: "\(element)", byteOffset: reader.fileOffset)
        }
    }

    /// Refuses a value of the element last begun.
    func check<T: Comparable>(_ element: StaticString, _ value: T, _ range: ClosedRange<T>) throws(TamisError) {
        if !(range ~= value) {
            throw TamisError(
                .valueOutOfRange, "the value is \(value), expected \(range.lowerBound) … \(range.upperBound)", element: "\(element)",
                byteOffset: last.offset)
        }
    }
}
