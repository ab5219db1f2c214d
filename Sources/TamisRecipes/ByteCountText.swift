/// Numbers of bytes as people type them: `5000000`, `512K`, `1.5M`, `2G`, also with `B` or `iB` after the letter.
public enum ByteCountText {
    /// The number that `text` says, rounded down; nil if it says none, or one of more than 64 bits.
    ///
    /// A letter stands for a multiple of a power of 1024. A fraction needs a letter.
    public static func parse(_ text: String) -> UInt64? {
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        let whole = text.utf8.prefix(while: isDigit)
        var rest = text.utf8[whole.endIndex...]
        var fraction = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix(while: isDigit)
            rest = rest[fraction.endIndex...]
            if fraction.isEmpty || fraction.count > 6 { return nil }
        }
        let shift: UInt64
        switch String(rest)?.uppercased() {
        case "" where fraction.isEmpty, "B" where fraction.isEmpty: shift = 0
        case "K", "KB", "KIB": shift = 10
        case "M", "MB", "MIB": shift = 20
        case "G", "GB", "GIB": shift = 30
        default: return nil
        }
        guard let wholeText = String(whole), let number = UInt64(wholeText) else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        // At most 10^6 · 2^30, far below the bound of the type.
        let part = fraction.reduce(UInt64(0)) { 10 * $0 + UInt64($1 - 0x30) } << shift / Self.power(fraction.count)
        let (sum, carry) = product.addingReportingOverflow(part)
        return overflow || carry ? nil : sum
    }

    private static func power(_ exponent: Int) -> UInt64 { (0..<exponent).reduce(1) { product, _ in 10 * product } }
}
