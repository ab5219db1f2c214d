import TamisBits
import TamisSyntax

/// Why a decoder refuses a stream, in the words of the protocol: a code of Spec §3.6, and the place.
package struct Refusal: Sendable, Equatable {
    package enum Family: String, Sendable, CaseIterable {
        case malformed, unsupported, limit

        /// With which a decoder under test ends.
        package var exitCode: Int32 {
            switch self {
            case .malformed: 65
            case .unsupported: 69
            case .limit: 77
            }
        }
    }

    package let code: String
    package let family: Family
    /// Number of the unit in stream order, the start unit being 0; nil where no unit is meant, or none is known.
    package let unit: Int?
    /// Name of a syntax element; nil where none is to blame, or none is known.
    package let element: String?

    package init(code: String, family: Family, unit: Int?, element: String?) {
        self.code = code
        self.family = family
        self.unit = unit
        self.element = element
    }

    /// For example `value_out_of_range, unit 4, coding_mode`.
    package var description: String {
        ([code] + [unit.map { "unit \($0)" }, element].compactMap { $0 }).joined(separator: ", ")
    }

    /// As the protocol writes it, without family.
    package var json: JSON {
        .object([
            JSON.Member("code", .string(code)), JSON.Member("unit", unit.map { .integer($0) } ?? .null), JSON.Member("element", .optional(element)),
        ])
    }
}

extension Refusal {
    /// - Parameters:
    ///   - error: of a decoder of ours.
    ///   - bytes: of the stream it is about.
    /// - Returns: nil if the error is not about the stream.
    package init?(_ error: TamisError, in bytes: ByteView) {
        guard let family = Family(rawValue: error.family.rawValue) else { return nil }
        let unit = Self.unitNumber(error, bytes)
        let isNamed = error.code != .trailingBytes && error.element.map { SpecSection.elements.contains($0) } ?? false
        self.init(code: error.code.rawValue, family: family, unit: unit, element: isNamed ? error.element : nil)
    }

    /// The number in a label such as `data_unit[3]`; of a label without one, the number of the first unit of the name.
    private static func unitNumber(_ error: TamisError, _ bytes: ByteView) -> Int? {
        guard let label = error.unit else { return nil }
        let units = UnitPlaces(bytes)
        // What follows the end unit is in no unit.
        if error.code == .trailingBytes, let place = error.byteOffset, let end = units.list.last, end.isEnd, place >= end.range.upperBound { return nil }
        if let open = label.utf8.lastIndex(of: UInt8(ascii: "[")), label.utf8.last == UInt8(ascii: "]") {
            return Int(label[label.utf8.index(after: open)..<label.utf8.index(before: label.endIndex)])
        }
        return units.list.firstIndex { UnitHeader.UnitType(rawValue: $0.type)?.name == label }
    }
}

/// Where the units of a stream lie, as far as their headers can be followed.
package struct UnitPlaces {
    package struct Unit {
        package let type: UInt8
        /// Header, payload and checksum.
        package let range: Range<UInt64>
        var isEnd: Bool { type == UnitHeader.UnitType.end.rawValue }
    }

    package private(set) var list: [Unit] = []

    package init(_ bytes: ByteView) {
        var offset = UInt64(Syntax.signature.count)
        while UInt64(bytes.count) >= offset + UInt64(UnitHeader.byteCount) {
            let length = bytes.load(Int(offset) + 1, as: UInt64.self)
            let (end, overflow) = length.addingReportingOverflow(offset + UInt64(UnitHeader.byteCount + UnitHeader.payloadCRCByteCount))
            if overflow || end > UInt64(bytes.count) { return }
            list.append(Unit(type: bytes[Int(offset)], range: offset..<end))
            if list.last?.isEnd == true { return }
            offset = end
        }
    }
}
