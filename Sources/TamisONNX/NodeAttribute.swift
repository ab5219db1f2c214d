import TamisBits

/// An attribute of a node: the values it has, whatever its type says.
struct NodeAttribute {
    /// Entries of a list that are kept: those that matter have one for each axis at most.
    static let maximumCount = 32

    private(set) var float: Float?
    private(set) var integer: Int64?
    /// Place of the text in the file.
    private(set) var text: Range<Int>?
    /// Place of the message in the file.
    private(set) var tensor: Range<Int>?
    private(set) var integers: [Int64] = []

    /// The attribute `name` of the node whose message is at `node`; the last if there are several. Takes time in proportion to the
    /// fields of the node and its attributes.
    static func find(_ name: String, inNode node: Range<Int>, of bytes: ByteView) throws(TamisError) -> NodeAttribute? {
        var found: NodeAttribute?
        var reader = WireReader(bytes, node)
        while let field = try reader.next() {
            guard field.number == ONNXField.Node.attribute, field.kind == .lengthDelimited else { continue }
            if try hasName(name, field.value, bytes) { found = try NodeAttribute(field.value, bytes) }
        }
        return found
    }

    private static func hasName(_ name: String, _ range: Range<Int>, _ bytes: ByteView) throws(TamisError) -> Bool {
        var place = 0..<0
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            if field.number == ONNXField.Attribute.name && field.kind == .lengthDelimited { place = field.value }
        }
        return place.count == name.utf8.count && bytes[place].array.elementsEqual(name.utf8)
    }

    private init(_ range: Range<Int>, _ bytes: ByteView) throws(TamisError) {
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            switch (field.number, field.kind) {
            case (ONNXField.Attribute.f, .fixed32): float = Float(bitPattern: bytes.load(field.value.lowerBound, as: UInt32.self))
            case (ONNXField.Attribute.i, .varint): integer = Int64(bitPattern: field.integer)
            case (ONNXField.Attribute.s, .lengthDelimited): text = field.value
            case (ONNXField.Attribute.t, .lengthDelimited): tensor = field.value
            case (ONNXField.Attribute.ints, .varint): add(field.integer)
            case (ONNXField.Attribute.ints, .lengthDelimited):
                var list = WireReader(bytes, field.value)
                while !list.isAtEnd { add(try list.varint()) }
            default: break
            }
        }
    }

    private mutating func add(_ value: UInt64) {
        if integers.count < Self.maximumCount { integers.append(Int64(bitPattern: value)) }
    }
}
