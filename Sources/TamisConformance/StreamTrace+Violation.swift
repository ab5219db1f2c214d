import TamisBits

extension StreamTrace {
    /// What follows an element that has its length.
    private static let parts = [
        "codeword_bytes": "codeword", "raw_bytes": "raw_bits", "line_class_bytes": "line_classes", "short_row_bytes": "short_rows",
        "frequency_bytes": "frequencies", "group_codeword_bytes": "codeword", "group_raw_bytes": "raw_bits", "group_raw_frame_bytes": "frame",
    ]

    /// The entry behind which nothing is of interest: the blamed element, or the codeword or frame that is at fault.
    ///
    /// - Returns: nil if the trace has no such entry; then it ends where it had to.
    func lastEntry(blamedBy violation: Violation) -> Int? {
        guard let unit = violation.refusal.unit else { return nil }
        let own = entries.indices.filter { entries[$0].unit == unit }
        func first(_ name: String) -> Int? { own.first { entries[$0].element == name } }
        let code = TamisError.Code(rawValue: violation.refusal.code)
        guard let element = violation.refusal.element else {
            return switch code {
            case .invalidCompressedData: first("frame")
            case .trailingBytes: first("trailing_bytes") ?? own.last { entries[$0].isInBody }
            // Too many units.
            case .levelExceeded, .limitExceeded: first("header_crc")
            default: nil
            }
        }
        let places = own.filter { entries[$0].element == element }
        // Elements of the topology's body have no place in the stream.
        let exact = places.first { !entries[$0].isInBody && entries[$0].offset == violation.offset }
        // What is cut short ends by itself.
        guard let place = exact ?? (code == .truncated ? nil : places.last) else { return code == .expansionRatio ? first("frame") : nil }
        guard [.invalidCodeword, .invalidCompressedData].contains(code), let part = Self.parts[element], let number = places.firstIndex(of: place) else { return place }
        let parts = own.filter { entries[$0].element == part && entries[$0].isOpaque }
        return parts.indices.contains(number) ? parts[number] : place
    }
}
