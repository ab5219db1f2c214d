/// A part of a document: text, a list, or keys with values; and the line it begins on.
struct DocumentNode {
    enum Content {
        /// - `isQuoted`: quotation marks, or a block of text, say that it is no number.
        case scalar(String, isQuoted: Bool)
        case sequence([DocumentNode])
        case mapping([Member])
    }

    struct Member {
        let key: String
        /// From 1.
        let line: Int
        let value: DocumentNode
    }

    /// From 1.
    let line: Int
    let content: Content

    /// What it is, for messages.
    var kind: String {
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
