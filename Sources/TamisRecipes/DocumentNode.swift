/// A part of a document: text, a list, or keys with values; and the line it begins on.
package struct DocumentNode: Sendable {
    package enum Content: Sendable {
        /// - `isQuoted`: quotation marks, or a block of text, say that it is no number.
        case scalar(String, isQuoted: Bool)
        case sequence([DocumentNode])
        case mapping([Member])
    }

    package struct Member: Sendable {
        package let key: String
        /// From 1.
        package let line: Int
        package let value: DocumentNode

        package init(key: String, line: Int, value: DocumentNode) {
            self.key = key
            self.line = line
            self.value = value
        }
    }

    /// From 1.
    package let line: Int
    package let content: Content

    package init(line: Int, content: Content) {
        self.line = line
        self.content = content
    }

    /// What it is, for messages.
    package var kind: String {
        switch content {
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .scalar("", isQuoted: _): "empty"
        case .scalar(let text, isQuoted: true): "the text \"\(Self.shortened(text))\""
        case .scalar(let text, isQuoted: false): Self.shortened(text)
        }
    }

    private static func shortened(_ text: String) -> String { text.count <= 60 ? text : text.prefix(60) + "…" }
}
