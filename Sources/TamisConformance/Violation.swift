import TamisBits
import TamisSyntax

/// The first rule that a stream breaks, with all that helps to find it.
package struct Violation: Sendable, Equatable {
    package let refusal: Refusal
    /// Byte offset in the stream, where one is known.
    package let offset: UInt64?
    /// For example `§4.5`.
    package let section: String
    /// What was found, and what was expected.
    package let message: String

    /// - Returns: nil if the error is not about the stream, such as a disk that cannot be read.
    package init?(_ error: TamisError, in bytes: ByteView) {
        guard let refusal = Refusal(error, in: bytes) else { return nil }
        self.refusal = refusal
        offset = error.byteOffset
        message = (error.code == .unsupportedFeature && refusal.element == "shard_count" ? "a shard: this version takes whole models only; " : "") + error.message
        let units = UnitPlaces(bytes).list
        let unit = refusal.unit.flatMap { units.indices.contains($0) ? units[$0] : nil }
        if error.code == .invalidCodeword, refusal.element == "codeword_bytes", let unit, unit.codingMode(in: bytes) == .float {
            section = "§6.9.3"
        } else {
            section = SpecSection.of(error.code, element: refusal.element, unit: unit?.type)
        }
    }

    package var json: JSON {
        .object([
            JSON.Member("code", .string(refusal.code)), JSON.Member("family", .string(refusal.family.rawValue)),
            JSON.Member("unit", refusal.unit.map { .integer($0) } ?? .null), JSON.Member("element", .optional(refusal.element)),
            JSON.Member("offset", offset.map { .integer($0) } ?? .null), JSON.Member("section", .string(section)),
            JSON.Member("message", .string(message)),
        ])
    }

    /// One sentence.
    package var text: String {
        let place = [refusal.unit.map { "unit \($0)" }, refusal.element, offset.map { "byte \($0)" }].compactMap { $0 }.joined(separator: ", ")
        return (place.isEmpty ? "" : place + ": ") + message + " [\(refusal.code), Spec \(section)]"
    }
}

extension UnitPlaces.Unit {
    /// Of a sound data unit.
    fileprivate func codingMode(in bytes: ByteView) -> CodingMode? {
        let payload = range.lowerBound + UInt64(UnitHeader.byteCount)
        var reader = SyntaxReader(bytes[Int(payload)..<Int(range.upperBound) - UnitHeader.payloadCRCByteCount], base: payload)
        var header = DataUnit()
        do throws(TamisError) { try header.visit(&reader) } catch { return nil }
        return CodingMode(rawValue: header.codingMode)
    }
}
