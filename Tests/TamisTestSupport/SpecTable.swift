import Foundation

/// A table of the Spec that describes one structure (Spec §2.4).
package struct SpecTable: Equatable, Sendable {
    package enum Condition: Equatable, Sendable {
        case always
        /// As often as the element says.
        case times(String)
        case equals(String, UInt64)
        case atMost(String, UInt64)
        /// At least one of the bits is set.
        case anyBit(String, UInt64)

        /// Both can never hold of the same structure.
        package func excludes(_ other: Condition) -> Bool {
            switch (self, other) {
            case (.equals(let name, let value), .equals(let otherName, let otherValue)): name == otherName && value != otherValue
            case (.equals(let name, let value), .atMost(let otherName, let most)), (.atMost(let otherName, let most), .equals(let name, let value)):
                name == otherName && value > most
            default: false
            }
        }
    }

    package enum Range: Equatable, Sendable {
        case none
        case integers(Int128, Int128)
        case numbers(Double, Double)
        case byteCount(UInt64)
    }

    package struct Row: Equatable, Sendable {
        package var descriptor: String
        package var element: String
        package var condition: Condition
        package var range: Range

        package var isNested: Bool { descriptor == "struct" || descriptor == "list of" }
    }

    package struct ParseError: Error, CustomStringConvertible {
        package let description: String
        init(_ description: String) { self.description = description }
    }

    package let structure: String
    package var rows: [Row]

    static let header = ["descriptor", "element", "condition", "range", "semantics"]
    /// `Spec/` of this repository.
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Spec").standardized

    /// The tables of all pages of the Spec, by structure.
    package static func readAll() throws -> [String: SpecTable] {
        var tables: [String: SpecTable] = [:]
        let pages = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".md") }.sorted()
        for page in pages {
            let text = try String(contentsOf: folder.appending(path: page), encoding: .utf8)
            for table in try parse(text, page: page) {
                if tables.updateValue(table, forKey: table.structure) != nil {
                    throw ParseError("\(page): \(table.structure) has two tables")
                }
            }
        }
        return tables
    }

    package static func parse(_ text: String, page: String) throws -> [SpecTable] {
        var tables: [SpecTable] = []
        var heading: String?
        var isInside = false
        for (number, line) in text.components(separatedBy: "\n").enumerated() {
            let place = "\(page):\(number + 1)"
            if line.hasPrefix("#") {
                heading = line.split(separator: "`", omittingEmptySubsequences: false).dropFirst().first.map(String.init)
                isInside = false
            }
            guard line.hasPrefix("|") else { isInside = false; continue }
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
            if cells == header {
                guard let name = heading else { throw ParseError("\(place): a table of elements below a heading without a structure's name") }
                tables.append(SpecTable(structure: name, rows: []))
                heading = nil
                isInside = true
            } else if isInside && !cells.allSatisfy({ $0.allSatisfy { $0 == "-" } }) {
                guard cells.count == header.count else { throw ParseError("\(place): \(cells.count) cells, expected \(header.count)") }
                guard cells[1].hasPrefix("`"), cells[1].hasSuffix("`"), cells[1].count > 2 else {
                    throw ParseError("\(place): the element is not a name in backticks")
                }
                tables[tables.count - 1].rows.append(
                    Row(
                        descriptor: cells[0], element: String(cells[1].dropFirst().dropLast()),
                        condition: try condition(cells[2], place), range: try range(cells[3], place)))
            }
        }
        return tables
    }

    private static func condition(_ text: String, _ place: String) throws -> Condition {
        if text.isEmpty { return .always }
        let words = text.split(separator: " ").map { String($0.replacing("`", with: "")) }
        if words.count == 2, words[1] == "times" { return .times(words[0]) }
        if words.count == 3, words[1] == "==", let value = UInt64(words[2]) { return .equals(words[0], value) }
        if words.count == 3, words[1] == "<=", let value = UInt64(words[2]) { return .atMost(words[0], value) }
        if words.count == 5, words[1] == "&", words[3] == "!=", words[4] == "0", let mask = UInt64(words[2]) { return .anyBit(words[0], mask) }
        throw ParseError("\(place): the condition '\(text)' has none of the forms of §2.4")
    }

    private static func range(_ text: String, _ place: String) throws -> Range {
        if text.isEmpty { return .none }
        if text.hasSuffix(" bytes"), let count = UInt64(text.dropLast(6)) { return .byteCount(count) }
        let ends = text.replacing("−", with: "-").components(separatedBy: " … ")
        if ends.count == 2 {
            if let lower = integer(ends[0]), let upper = integer(ends[1]) { return .integers(lower, upper) }
            if let lower = power(ends[0]), let upper = power(ends[1]) { return .numbers(lower, upper) }
        }
        throw ParseError("\(place): the range '\(text)' cannot be read")
    }

    /// A whole number, `2^n` or `2^n - m`.
    private static func integer(_ text: String) -> Int128? {
        if let value = Int128(text) { return value }
        let parts = text.components(separatedBy: " - ")
        guard parts[0].hasPrefix("2^"), let exponent = Int(parts[0].dropFirst(2)), (0...64).contains(exponent) else { return nil }
        if parts.count == 1 { return 1 << Int128(exponent) }
        guard parts.count == 2, let less = Int128(parts[1]) else { return nil }
        return (1 << Int128(exponent)) - less
    }

    /// 0, `2^n` or `-2^n`.
    private static func power(_ text: String) -> Double? {
        if text == "0" { return 0 }
        if text.hasPrefix("-") { return power(String(text.dropFirst())).map { -$0 } }
        return text.hasPrefix("2^") ? Int(text.dropFirst(2)).map { Double(sign: .plus, exponent: $0, significand: 1) } : nil
    }
}

extension SpecTable {
    /// The numbers of all headings of the Spec, for example `3`, `4.5`, `6.4.1`.
    package static func headings() throws -> Set<String> {
        Set(try lines().compactMap { line in line.hasPrefix("#") ? line.split(separator: " ").dropFirst().first.map(String.init) : nil })
    }

    /// The numbered section that has the table of a structure, for example `§4.5`.
    package static func section(of structure: String) throws -> String? {
        var number = ""
        for line in try lines() where line.hasPrefix("#") {
            if let word = line.split(separator: " ").dropFirst().first, word.first?.isNumber == true { number = "§" + word }
            if line.contains("`\(structure)`") { return number }
        }
        return nil
    }

    private static func lines() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".md") }.sorted().flatMap { page in
            try String(contentsOf: folder.appending(path: page), encoding: .utf8).components(separatedBy: "\n")
        }
    }
}
