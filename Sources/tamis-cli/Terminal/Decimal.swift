import Glibc

/// Numbers as people read them. A decimal point is always a point: the process never leaves the "C" locale.
enum Decimal {
    static func fixed(_ value: Double, _ digits: Int32) -> String { format("%.*f", [digits, value]) }

    /// `digits` significant digits, without trailing zeros.
    static func significant(_ value: Double, _ digits: Int32) -> String { format("%.*g", [digits, value]) }

    /// A ratio of at least one: three digits, or all that stand before the point.
    static func factor(_ value: Double) -> String { fixed(value, value < 10 ? 2 : value < 100 ? 1 : 0) }

    /// The shortest text that reads back as `value`, whole numbers without `.0`.
    static func shortest(_ value: Double) -> String { withoutPoint("\(value)") }
    static func shortest(_ value: Float) -> String { withoutPoint("\(value)") }

    /// Multiples of 1000, for example `712 B`, `12.3 kB`, `0.71 MB`, `4.95 MB`, `1.20 GB`.
    static func bytes(_ count: UInt64) -> String {
        switch count {
        case ..<1000: "\(count) B"
        case ..<100_000: fixed(Double(count) / 1e3, 1) + " kB"
        case ..<1_000_000_000: fixed(Double(count) / 1e6, 2) + " MB"
        default: fixed(Double(count) / 1e9, 2) + " GB"
        }
    }

    /// With spaces between groups of three digits.
    static func grouped(_ value: UInt64) -> String {
        let digits = Array(String(value))
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0 && (digits.count - place) % 3 == 0 { text += " " }
            text.append(digit)
        }
        return text
    }

    private static func withoutPoint(_ text: String) -> String { text.hasSuffix(".0") ? String(text.dropLast(2)) : text }

    private static func format(_ format: String, _ values: [any CVarArg]) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            _ = withVaList(values) { vsnprintf(start, buffer.count, format, $0) }
            return String(cString: start)
        }
    }
}
