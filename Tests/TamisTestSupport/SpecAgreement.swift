import TamisSyntax

/// Holds traces of code against the tables of the Spec, and remembers which rows have been seen.
///
/// A trace is any number of structures that are not part of others, one after the other: of single structures, or of all
/// structures of a stream.
package struct SpecAgreement {
    package struct Place: Hashable, Comparable, CustomStringConvertible {
        package let structure: String
        package let element: String

        package init(structure: String, element: String) {
            self.structure = structure
            self.element = element
        }

        package var description: String { "\(structure).\(element)" }
        package static func < (a: Place, b: Place) -> Bool { (a.structure, a.element) < (b.structure, b.element) }
    }

    private struct Disagreement: Error {
        let text: String
        init(_ text: String) { self.text = text }
    }

    /// The structures that are part of no other.
    package static let outermost = Set(UnitHeader.UnitType.allCases.map(\.name)).union(["unit_header", "topology_body", "slice_entry"])

    package let tables: [String: SpecTable]
    package private(set) var present: Set<Place> = []
    /// Conditional rows whose condition has been false.
    package private(set) var absent: Set<Place> = []

    package init(_ tables: [String: SpecTable]) { self.tables = tables }

    /// - Returns: where the trace and the tables part, or nil if they never do.
    package mutating func check(_ trace: [SyntaxTracer.Step]) -> String? {
        var place = 0
        do throws(Disagreement) {
            while place < trace.count {
                let step = trace[place]
                guard Self.outermost.contains(step.structure), let table = tables[step.structure] else {
                    throw Disagreement("the code goes on with \(step.structure).\(step.element), the Spec does not")
                }
                try match(table, trace, &place, depth: 0)
            }
            return nil
        } catch {
            return error.text
        }
    }

    /// Rows that no trace has shown present, and conditional rows that none has shown absent.
    package var unseen: [String] {
        var unseen: [String] = []
        for table in tables.values {
            for row in table.rows {
                let place = Place(structure: table.structure, element: row.element)
                if !present.contains(place) { unseen.append("\(place) is in the Spec, and no code has shown it") }
                switch row.condition {
                case .always, .times: break
                case .equals, .atMost, .anyBit: if !absent.contains(place) { unseen.append("\(place) is conditional in the Spec, and always there in the code") }
                }
            }
        }
        return unseen.sorted()
    }

    private mutating func match(_ table: SpecTable, _ trace: [SyntaxTracer.Step], _ place: inout Int, depth: Int) throws(Disagreement) {
        if depth > 8 { throw Disagreement("\(table.structure) contains itself") }
        if table.rows.isEmpty { throw Disagreement("the table of \(table.structure) is empty") }
        var values: [String: UInt64] = [:]
        func value(_ name: String, _ row: SpecTable.Row) throws(Disagreement) -> UInt64 {
            guard let value = values[name] else {
                throw Disagreement("\(table.structure).\(row.element): its condition names \(name), which does not come before")
            }
            return value
        }
        for row in table.rows {
            let identity = Place(structure: table.structure, element: row.element)
            let count: UInt64 =
                switch row.condition {
                case .always: 1
                case .times(let name): try value(name, row)
                case .equals(let name, let expected): try value(name, row) == expected ? 1 : 0
                case .atMost(let name, let most): try value(name, row) <= most ? 1 : 0
                case .anyBit(let name, let mask): try value(name, row) & mask != 0 ? 1 : 0
                }
            if count == 0 { absent.insert(identity) }
            for _ in 0..<count {
                if row.isNested {
                    guard let nested = tables[row.element] else { throw Disagreement("\(identity) has no table") }
                    try match(nested, trace, &place, depth: depth + 1)
                } else {
                    guard place < trace.count else { throw Disagreement("\(identity) is in the Spec, the code ends before it") }
                    let step = trace[place]
                    if step.structure != table.structure || step.element != row.element || step.descriptor != row.descriptor {
                        throw Disagreement(
                            "the Spec has \(row.descriptor) \(identity), the code \(step.descriptor) \(step.structure).\(step.element)")
                    }
                    try checkWidth(step, row, identity)
                    values[row.element] = UInt64(step.value)
                    place += 1
                }
                present.insert(identity)
            }
        }
    }

    private func checkWidth(_ step: SyntaxTracer.Step, _ row: SpecTable.Row, _ identity: Place) throws(Disagreement) {
        let expected: ClosedRange<UInt64>
        switch (row.descriptor, row.range) {
        case ("u8", _): expected = 1...1
        case ("u16", _): expected = 2...2
        case ("u32", _), ("f32", _): expected = 4...4
        case ("u64", _): expected = 8...8
        case ("uv", _), ("sv", _): expected = 1...10
        case ("text", .integers(_, let most)): expected = 1...UInt64(most) + 10
        case ("bytes", .byteCount(let count)): expected = count...count
        default: throw Disagreement("\(identity) has the descriptor \(row.descriptor) and a range of another kind")
        }
        if !expected.contains(step.byteCount) { throw Disagreement("\(identity) has \(step.byteCount) bytes, the Spec gives it \(expected)") }
    }
}
