import TamisTestSupport
import Testing

@testable import TamisSyntax

/// The tables of `Spec/` are those of the code: names, order, descriptors, widths, conditions and ranges.
@Suite struct SpecAgreementTests {
    /// - Returns: everything in which the samples and the tables differ.
    private static func disagreements(_ tables: [String: SpecTable]) throws -> [String] {
        var agreement = SpecAgreement(tables)
        var found: [String] = []
        for sample in Sample.all {
            if let text = agreement.check(try sample.trace(sample.bytes)) { found.append("\(sample.testDescription): \(text)") }
        }
        return found + agreement.unseen
    }

    @Test func specAndCodeAgree() throws {
        #expect(try Self.disagreements(SpecTable.readAll()) == [])
    }

    /// A trace may hold many structures one after the other, as that of a whole stream does.
    @Test func longTraces() throws {
        var agreement = SpecAgreement(try SpecTable.readAll())
        #expect(agreement.check(try Sample.all.flatMap { try $0.trace($0.bytes) }) == nil)
        #expect(agreement.unseen == [])
    }

    @Test func rangesAgree() throws {
        let tables = try SpecTable.readAll()
        var seen: Set<SpecAgreement.Place> = []
        for sample in Sample.all {
            for entry in try sample.ranges() {
                seen.insert(SpecAgreement.Place(structure: entry.structure, element: entry.element))
                let row = try #require(tables[entry.structure]?.rows.first { $0.element == entry.element && !$0.isNested })
                #expect(row.range == entry.range, "\(entry.structure).\(entry.element)")
            }
        }
        for table in tables.values {
            for row in table.rows where !row.isNested {
                #expect(seen.contains(SpecAgreement.Place(structure: table.structure, element: row.element)))
            }
            for row in table.rows where row.isNested { #expect(row.range == .none) }
        }
    }

    @Test func unitTypesAgree() throws {
        let tables = try SpecTable.readAll()
        for type in UnitHeader.UnitType.allCases { #expect(tables[type.name] != nil, "\(type.name)") }
    }

    /// Whatever is changed in a table, one row at a time, the comparison notices.
    @Test func everyChangeIsNoticed() throws {
        let tables = try SpecTable.readAll()
        var changes = 0
        func expectNoticed(_ what: String, _ structure: String, _ change: (inout SpecTable) -> Void) throws {
            var changed = tables
            guard var table = tables[structure] else { return }
            change(&table)
            if table == tables[structure] { return }
            changed[structure] = table
            changes += 1
            #expect(try !Self.disagreements(changed).isEmpty, "\(what) in \(structure) goes unnoticed")
        }
        for (structure, table) in tables {
            for (number, row) in table.rows.enumerated() {
                try expectNoticed("removing \(row.element)", structure) { $0.rows.remove(at: number) }
                try expectNoticed("repeating \(row.element)", structure) { $0.rows.insert(row, at: number) }
                try expectNoticed("renaming \(row.element)", structure) { $0.rows[number].element += "_x" }
                // Of rows that are never there together, the order says nothing.
                if number > 0 && !row.condition.excludes(table.rows[number - 1].condition) { try expectNoticed("moving \(row.element)", structure) { $0.rows.swapAt(number, number - 1) } }
                try expectNoticed("widening \(row.element)", structure) { $0.rows[number].descriptor = row.descriptor == "u64" ? "u32" : "u64" }
                try expectNoticed("freeing \(row.element) of its condition", structure) { $0.rows[number].condition = .always }
                try expectNoticed("binding \(row.element) to another value", structure) { table in
                    switch row.condition {
                    case .always, .times: break
                    case .equals(let name, let value): table.rows[number].condition = .equals(name, value + 1)
                    case .atMost(let name, let most): table.rows[number].condition = .atMost(name, most + 1)
                    case .anyBit(let name, let mask): table.rows[number].condition = .anyBit(name, mask << 1)
                    }
                }
            }
            var without = tables
            without[structure] = nil
            #expect(try !Self.disagreements(without).isEmpty)
        }
        #expect(changes > 250)
    }

    @Test(arguments: [
        "## `a`\n| descriptor | element | condition | range | semantics |\n|---|---|---|---|---|\n| u8 | x | | 0 … 1 | |",
        "## `a`\n| descriptor | element | condition | range | semantics |\n|---|---|---|---|---|\n| u8 | `x` | sometimes | 0 … 1 | |",
        "## `a`\n| descriptor | element | condition | range | semantics |\n|---|---|---|---|---|\n| u8 | `x` | | any | |",
        "## `a`\n| descriptor | element | condition | range | semantics |\n|---|---|---|---|---|\n| u8 | `x` | | 0 … 1 |",
        "## a\n| descriptor | element | condition | range | semantics |\n|---|---|---|---|---|\n| u8 | `x` | | 0 … 1 | |",
    ])
    func unreadableTablesAreRefused(_ text: String) {
        #expect(throws: SpecTable.ParseError.self) { try SpecTable.parse(text, page: "page") }
    }
}
