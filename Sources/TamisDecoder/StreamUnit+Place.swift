import TamisBits
import TamisSyntax

extension StreamUnit {
    /// Where an element of the unit lies in the file, for errors: the header or the payload is read a second time.
    ///
    /// - Parameters:
    ///   - element: its name in the Spec.
    ///   - number: which of the elements of that name, from 0 on; nil: the last, but of slices the first.
    /// - Returns: nil if it is none of this unit, or one that is compressed.
    package func place(of element: String, number: Int? = nil) -> UInt64? {
        element == "unit_type" ? offset : find(element, number).place
    }

    /// The place of an error: of its element, or of the frame that it is about; else of the payload.
    func place(of error: TamisError) -> UInt64 {
        if let place = error.element.flatMap({ place(of: $0) }) { return place }
        return [.invalidCompressedData, .expansionRatio].contains(error.code) ? find("", nil).position : payloadOffset
    }

    private func find(_ element: String, _ number: Int?) -> ElementFinder {
        var finder = ElementFinder(payload, base: payloadOffset, element: element, number: number)
        do throws(TamisError) {
            switch type {
            case .start: try Self.visit(StartUnit.self, &finder)
            case .modelParameterSet: try Self.visit(ModelParameterSet.self, &finder)
            case .topology: try Self.visit(TopologyUnit.self, &finder)
            case .skeleton: try Self.visit(SkeletonUnit.self, &finder)
            case .data:
                try Self.visit(DataUnit.self, &finder)
                if ["codeword_bytes", "raw_bytes"].contains(element) { for _ in 0...(number ?? 0) { try Self.visit(SliceEntry.self, &finder) } }
            case .group: try Self.visit(GroupUnit.self, &finder)
            case .index: try Self.visit(IndexUnit.self, &finder)
            case .end: try Self.visit(EndUnit.self, &finder)
            case nil: break
            }
        } catch {
            // An element that cannot be read has a place, too; what is behind it has none.
        }
        return finder
    }

    private static func visit<S: SyntaxStructure>(_ type: S.Type, _ finder: inout ElementFinder) throws(TamisError) {
        var structure = S()
        try structure.visit(&finder)
    }
}
