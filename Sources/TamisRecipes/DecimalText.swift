/// Numbers as settings have them: decimal digits only, no `inf`, no `nan`, no hexadecimal.
enum DecimalText {
    /// The number that `text` says; nil if it says none, or one beyond what a Double holds.
    static func number(_ text: String) -> Double? {
        let isDecimal = text.utf8.allSatisfy { (0x30...0x39).contains($0) || [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-")].contains($0) }
        guard isDecimal, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// As `number`, for whole numbers written without a point.
    static func integer(_ text: String) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") } ? Int(text) : nil
    }

    /// The shortest text that reads back as `value`, whole numbers without `.0`.
    static func text(_ value: Double) -> String { withoutPoint("\(value)") }

    /// As above, with the digits of a Float.
    static func text(_ value: Float) -> String { withoutPoint("\(value)") }

    private static func withoutPoint(_ text: String) -> String { text.hasSuffix(".0") ? String(text.dropLast(2)) : text }
}
