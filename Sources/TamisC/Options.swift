import CTamis
import Tamis
import TamisBits
import TamisRecipes

/// What is behind a `tamis_options`. Used by one thread at a time.
final class OptionsHandle {
    private(set) var recipe = Recipe()
    private(set) var statistics: (content: StatisticsFile, file: InputFile)?

    /// - Throws: `invalid_argument` for what is not understood; an error of the file of statistics.
    func set(_ key: String, _ value: String) throws(TamisError) {
        if key == "statistics" {
            let file = try InputFile(value == "-" ? "./-" : value)
            statistics = (try file.withView { (bytes) throws(TamisError) in try StatisticsFile(bytes, file: file.name) }, file)
            return
        }
        let text = DocumentNode(line: 1, content: .scalar(value, isQuoted: key == "exclude"))
        let node = key == "exclude" ? DocumentNode(line: 1, content: .sequence([text])) : text
        recipe = recipe.overridden(by: try Self.read(key, node))
    }

    /// - Throws: as above.
    func addRule(_ pattern: String, _ key: String, _ value: String) throws(TamisError) {
        let members = [
            DocumentNode.Member(key: "match", line: 1, value: DocumentNode(line: 1, content: .scalar(pattern, isQuoted: true))),
            DocumentNode.Member(key: key, line: 1, value: DocumentNode(line: 1, content: .scalar(value, isQuoted: false))),
        ]
        let read = try Self.read("tensors", DocumentNode(line: 1, content: .sequence([DocumentNode(line: 1, content: .mapping(members))])))
        guard let rule = read.rules.first else { return }
        if let last = recipe.rules.last, last.pattern.utf8.elementsEqual(pattern.utf8) {
            recipe.rules[recipe.rules.count - 1].settings.apply(rule.settings)
        } else {
            recipe.rules.append(rule)
        }
    }

    /// A recipe that says one thing.
    private static func read(_ key: String, _ value: DocumentNode) throws(TamisError) -> Recipe {
        do throws(TamisError) {
            return try Recipe(DocumentNode(line: 1, content: .mapping([DocumentNode.Member(key: key, line: 1, value: value)])))
        } catch {
            // It is no file that is at fault, and it has no lines.
            throw TamisError(.invalidArgument, error.message, element: error.element ?? key, advice: error.advice)
        }
    }
}

@c @implementation public func tamis_options_new(_ options: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorPlace) -> tamis_status {
    answer(error) { () throws(TamisError) in try required(options, "options").pointee = Handle.retained(OptionsHandle()) }
}

@c @implementation public func tamis_options_free(_ options: OpaquePointer?) { Handle.release(options, OptionsHandle.self) }

@c @implementation public func tamis_options_set(
    _ options: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?, _ error: ErrorPlace
) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let options: OptionsHandle = try Handle.object(options, "options")
        try options.set(text(key, "key"), text(value, "value"))
    }
}

@c @implementation public func tamis_options_rule(
    _ options: OpaquePointer?, _ pattern: UnsafePointer<CChar>?, _ key: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?, _ error: ErrorPlace
) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let options: OptionsHandle = try Handle.object(options, "options")
        try options.addRule(text(pattern, "pattern"), text(key, "key"), text(value, "value"))
    }
}
