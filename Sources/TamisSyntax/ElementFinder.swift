import TamisBits

/// Reads a structure a second time, to tell where in the file an element lies that is found to be at fault once all is read.
package struct ElementFinder: SyntaxVisitor {
    private var reader: SyntaxReader
    private let element: String
    private let number: Int?
    private var count = 0
    /// Place of the element in the file, as far as it has been come by.
    package private(set) var place: UInt64?

    /// - Parameters:
    ///   - element: its name in the Spec.
    ///   - number: which of the elements of that name, from 0 on; nil: the last.
    package init(_ bytes: ByteView, base: UInt64, element: String, number: Int? = nil) {
        reader = SyntaxReader(bytes, base: base)
        self.element = element
        self.number = number
    }

    /// Place behind all that has been read.
    package var position: UInt64 { reader.reader.fileOffset }

    package var isReading: Bool { true }
    package mutating func begin(_ structure: StaticString) {}
    package mutating func end() {}

    private mutating func note(_ element: StaticString) {
        if element.description != self.element { return }
        if number == nil || number == count { place = reader.reader.fileOffset }
        count += 1
    }

    package mutating func u8(_ element: StaticString, _ value: inout UInt8, _ range: ClosedRange<UInt8>) throws(TamisError) {
        note(element)
        try reader.u8(element, &value, range)
    }

    package mutating func u16(_ element: StaticString, _ value: inout UInt16, _ range: ClosedRange<UInt16>) throws(TamisError) {
        note(element)
        try reader.u16(element, &value, range)
    }

    package mutating func u32(_ element: StaticString, _ value: inout UInt32) throws(TamisError) {
        note(element)
        try reader.u32(element, &value)
    }

    package mutating func u64(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) throws(TamisError) {
        note(element)
        try reader.u64(element, &value, range)
    }

    package mutating func uv(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) throws(TamisError) {
        note(element)
        try reader.uv(element, &value, range)
    }

    package mutating func sv(_ element: StaticString, _ value: inout Int64, _ range: ClosedRange<Int64>) throws(TamisError) {
        note(element)
        try reader.sv(element, &value, range)
    }

    package mutating func f32(_ element: StaticString, _ value: inout Float, _ range: ClosedRange<Float>) throws(TamisError) {
        note(element)
        try reader.f32(element, &value, range)
    }

    package mutating func text(_ element: StaticString, _ value: inout String, maximumBytes: UInt64) throws(TamisError) {
        note(element)
        try reader.text(element, &value, maximumBytes: maximumBytes)
    }

    package mutating func bytes(_ element: StaticString, _ value: inout [UInt8], count: Int) throws(TamisError) {
        note(element)
        try reader.bytes(element, &value, count: count)
    }

    package mutating func expect(_ element: StaticString, count: UInt64, minimumBytes: UInt64) throws(TamisError) {
        try reader.expect(element, count: count, minimumBytes: minimumBytes)
    }

    package func contradiction(_ element: StaticString, _ code: TamisError.Code, _ message: String) -> TamisError {
        reader.contradiction(element, code, message)
    }
}
