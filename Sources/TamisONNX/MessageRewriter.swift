import TamisBits

/// Gives messages of a file new contents, and the messages around them the lengths that follow; every other byte stays as it is.
struct MessageRewriter {
    /// A place in the file, as the walk found it, and what is put there.
    struct Edit {
        enum Kind {
            /// Takes the place of the content of the message at `place`.
            case content
            /// Comes before the first field of the message at `place`.
            case prefix
            /// Takes the place of the whole field at `place`, its tag included; may be empty.
            case field
        }

        let place: Range<Int>
        var kind = Kind.content
        let content: PieceList
    }

    private let bytes: ByteView
    /// In ascending order of place, prefixes first; none inside another but what is inside a message with a prefix.
    private let edits: [Edit]
    private var next = 0

    /// The file with `edits` made. Time is that of a walk, as only messages that lead to an edit are entered.
    ///
    /// - Parameter edits: in ascending order of place; a prefix of a message comes before edits inside it.
    static func rewrite(_ bytes: ByteView, _ edits: consuming [Edit]) throws(TamisError) -> PieceList {
        var rewriter = MessageRewriter(bytes: bytes, edits: edits)
        return try rewriter.rewritten(0..<bytes.count)
    }

    private init(bytes: ByteView, edits: [Edit]) {
        self.bytes = bytes
        self.edits = edits
    }

    /// The content of the message at `place`. Its depth is bounded, as the walk has been at all edits.
    private mutating func rewritten(_ place: Range<Int>) throws(TamisError) -> PieceList {
        var list = PieceList()
        var copied = place.lowerBound
        var reader = WireReader(bytes, place)
        var start = place.lowerBound
        if next < edits.count, edits[next].kind == .prefix, edits[next].place == place {
            list.append(edits[next].content)
            next += 1
        }
        while next < edits.count, edits[next].place.lowerBound < place.upperBound, let field = try reader.next() {
            defer { start = reader.position }
            if edits[next].kind == .field, edits[next].place == start..<reader.position {
                list.append(copied..<start)
                list.append(edits[next].content)
                copied = reader.position
                next += 1
                continue
            }
            guard field.kind == .lengthDelimited, Self.contains(field.value, edits[next].place) else { continue }
            let content: PieceList
            if edits[next].kind == .content, edits[next].place == field.value {
                content = edits[next].content
                next += 1
            } else {
                content = try rewritten(field.value)
            }
            if content.byteCount == UInt64(field.value.count) {
                list.append(copied..<field.value.lowerBound)
            } else {
                var tag = WireReader(bytes, start..<field.value.lowerBound)
                _ = try tag.varint()
                list.append(copied..<tag.position)
                var length = WireWriter()
                length.varint(content.byteCount)
                list.append(length.bytes)
            }
            list.append(content)
            copied = reader.position
        }
        list.append(copied..<place.upperBound)
        return list
    }

    private static func contains(_ outer: Range<Int>, _ inner: Range<Int>) -> Bool {
        outer.lowerBound <= inner.lowerBound && inner.upperBound <= outer.upperBound
    }
}
