import TamisBits

/// Walks the elements of a structure in stream order: reading, writing and tracing are visitors of one description.
///
/// A structure calls one method per element, with the element's name in the Spec; the descriptor in the Spec's tables is the
/// name of the method. A reading visitor assigns `value`, a writing one takes it; both refuse a value outside `range`.
package protocol SyntaxVisitor {
    /// True if the elements are taken from a stream, false if they are put into one.
    var isReading: Bool { get }
    /// Bounds of the lists that are read.
    var bounds: CountBounds { get }
    /// Place of the next element in the file, where there is one.
    var offset: UInt64? { get }

    /// Announces a structure; elements up to the matching `end` belong to it.
    mutating func begin(_ structure: StaticString)
    mutating func end()

    mutating func u8(_ element: StaticString, _ value: inout UInt8, _ range: ClosedRange<UInt8>) throws(TamisError)
    mutating func u16(_ element: StaticString, _ value: inout UInt16, _ range: ClosedRange<UInt16>) throws(TamisError)
    mutating func u32(_ element: StaticString, _ value: inout UInt32) throws(TamisError)
    mutating func u64(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) throws(TamisError)
    /// Unsigned LEB128, shortest form.
    mutating func uv(_ element: StaticString, _ value: inout UInt64, _ range: ClosedRange<UInt64>) throws(TamisError)
    /// Signed: zigzag (0, −1, 1, −2 … as 0, 1, 2, 3 …), then as `uv`.
    mutating func sv(_ element: StaticString, _ value: inout Int64, _ range: ClosedRange<Int64>) throws(TamisError)
    /// IEEE 754 binary32.
    mutating func f32(_ element: StaticString, _ value: inout Float, _ range: ClosedRange<Float>) throws(TamisError)
    /// `uv` byte count, then that many bytes of UTF-8 without control characters.
    mutating func text(_ element: StaticString, _ value: inout String, maximumBytes: UInt64) throws(TamisError)
    /// A fixed number of bytes.
    mutating func bytes(_ element: StaticString, _ value: inout [UInt8], count: Int) throws(TamisError)

    /// Checks that `count` items of at least `minimumBytes` each can still follow, before room is made for them.
    mutating func expect(_ element: StaticString, count: UInt64, minimumBytes: UInt64) throws(TamisError)
    /// The error of an element whose value contradicts others; used where a range cannot say it. It has the element's place in the file if
    /// that was the last one read.
    func contradiction(_ element: StaticString, _ code: TamisError.Code, _ message: String) -> TamisError
}

/// A structure of the stream: a row block of the Spec's tables.
package protocol SyntaxStructure {
    init()
    mutating func visit(_ visitor: inout some SyntaxVisitor) throws(TamisError)
}

extension SyntaxVisitor {
    package var bounds: CountBounds { CountBounds() }
    package var offset: UInt64? { nil }

    /// A list: its length as a `uv` element, then each item.
    package mutating func list<Item: SyntaxStructure>(
        count element: StaticString, _ items: inout [Item], bound: KeyPath<CountBounds, CountBounds.Bound>, minimumItemBytes: UInt64
    ) throws(TamisError) {
        var count = UInt64(items.count)
        let offset = offset
        try uv(element, &count, 0...UInt64(UInt32.max))
        try bounds[keyPath: bound].check(count, element, at: offset)
        try self.items(element, &items, count: count, minimumItemBytes: minimumItemBytes)
    }

    /// Items whose number is known from elsewhere.
    package mutating func items<Item: SyntaxStructure>(
        _ element: StaticString, _ items: inout [Item], count: UInt64, minimumItemBytes: UInt64
    ) throws(TamisError) {
        try expect(element, count: count, minimumBytes: minimumItemBytes)
        if isReading {
            items = []
            items.reserveCapacity(Int(count))
            for _ in 0..<Int(count) {
                var item = Item()
                try item.visit(&self)
                items.append(item)
            }
        } else {
            for index in items.indices { try items[index].visit(&self) }
        }
    }
}
