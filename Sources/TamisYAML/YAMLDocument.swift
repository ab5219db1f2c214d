import TamisBits
import TamisRecipes
import Yams

/// Reads YAML 1.1, and so JSON, without anchors, aliases and tags.
///
/// Scalars keep their text: what a plain one means is for the reader of the key to say, so that `2:4` is no time of day and `no`
/// no truth value.
struct YAMLDocument {
    /// The file's name, for errors.
    let file: String?

    /// The root of the only document in `text`; nil if there is none.
    func root(_ text: String) throws(TamisError) -> DocumentNode? {
        try refuseAnchors(text)
        do {
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            return try parser.singleRoot().map { try node($0) }
        } catch {
            throw self.error(error)
        }
    }

    /// Few lines with anchors and aliases can stand for more nodes than memory holds (Yams compares keys with their aliases
    /// expanded), so none may reach the parser. An anchor begins with `&` and a letter, digit, `_` or `-`; after a letter or digit
    /// it would be part of a word.
    private func refuseAnchors(_ text: String) throws(TamisError) {
        func isWord(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_")
        }
        var line = 1
        var before: (UInt8, UInt8) = (0, 0)
        for byte in text.utf8 {
            if before.1 == UInt8(ascii: "&") && !isWord(before.0) && (isWord(byte) || byte == UInt8(ascii: "-")) {
                throw fault(line, "has the anchor '&\(Character(Unicode.Scalar(byte)))…'; anchors and aliases are not supported", advice: "write the value out in each place; in text, ? stands for the &")
            }
            if byte == 0x0A { line += 1 }
            before = (before.1, byte)
        }
    }

    private func node(_ node: Node) throws(TamisError) -> DocumentNode {
        let line = node.mark?.line ?? 1
        let tag = node.tag.rawValue
        if ![Tag.Name.str, .seq, .map].contains(where: { $0.rawValue == tag }) {
            throw fault(line, "has the tag '\(tag)'; tags are not supported", advice: "remove it")
        }
        switch node {
        case .scalar(let scalar):
            return DocumentNode(line: line, content: .scalar(scalar.string, isQuoted: scalar.style != .plain))
        case .sequence(let sequence):
            var items: [DocumentNode] = []
            for item in sequence { items.append(try self.node(item)) }
            return DocumentNode(line: line, content: .sequence(items))
        case .mapping(let mapping):
            var members: [DocumentNode.Member] = []
            for (key, value) in mapping {
                let keyLine = key.mark?.line ?? line
                guard case .scalar(let text, _) = try self.node(key).content else {
                    throw fault(keyLine, "has a list or mapping for a key, expected a word", advice: "put values that begin with [ or { after the key and ': '")
                }
                members.append(DocumentNode.Member(key: text, line: keyLine, value: try self.node(value)))
            }
            return DocumentNode(line: line, content: .mapping(members))
        case .alias:
            throw fault(line, "has an alias; anchors and aliases are not supported", advice: Self.quotingAdvice)
        }
    }

    private static let quotingAdvice = "put text that begins with *, &, !, %, @ or ` in quotation marks"

    private func error(_ error: any Error) -> TamisError {
        switch error {
        case let error as TamisError: return error
        case YamlError.scanner(let context, let problem, let mark, _), YamlError.parser(let context, let problem, let mark, _):
            return notYAML(mark.line, problem, context)
        case YamlError.composer(_, let problem, let mark, _) where problem.contains("alias"):
            return fault(mark.line, "has an alias; anchors and aliases are not supported", advice: Self.quotingAdvice)
        case YamlError.composer(_, let problem, let mark, _) where problem.contains("another document"):
            return fault(mark.line, "begins a second document, expected one", advice: "split the file at this line, or remove the line ---")
        case YamlError.composer(let context, let problem, let mark, _):
            return notYAML(mark.line, problem, context)
        case YamlError.reader(let problem, let offset, _, let yaml):
            let line = 1 + yaml.prefix(offset ?? 0).count(where: \.isNewline)
            return fault(line, "is not YAML: \(problem)", advice: "remove the control character; tabs and line feeds are the only ones allowed")
        case YamlError.duplicatedKeysInMapping(let keys, let context):
            return fault(
                context.mark.line, "has the key '\(keys.first ?? "")' more than once in the same mapping",
                advice: "leave one; what is for other tensors goes into another entry of the list 'tensors'")
        case YamlError.memory:
            return tooDeep(1)
        default:
            return fault(1, "is not YAML: \(error)", advice: nil)
        }
    }

    private func notYAML(_ line: Int, _ problem: String, _ context: YamlError.Context?) -> TamisError {
        if problem.contains("nesting level") { return tooDeep(line) }
        var sentence = "is not YAML: \(problem)"
        if let context { sentence += " \(context.text)" + (context.mark.line == line ? "" : " that begins on line \(context.mark.line)") }
        let isWord = problem.contains("alphabetic or numeric") || problem.contains("cannot start any token")
        return fault(line, sentence, advice: isWord ? Self.quotingAdvice + ", and indent by spaces" : "check indentation, quotation marks and brackets there")
    }

    private func tooDeep(_ line: Int) -> TamisError { fault(line, "is nested too deeply", advice: "a recipe needs four levels") }

    private func fault(_ line: Int, _ message: String, advice: String?) -> TamisError {
        TamisError(.invalidRecipe, message, file: file, unit: "line \(line)", advice: advice)
    }
}
