import Glibc

/// The name of a file on its way to take the place of `destination`: `.destination.<pid>.<16 hexadecimal digits>.tmp`.
///
/// The process number tells a person whose it is; the digits make it unique.
struct TemporaryName {
    let text: String

    init(for destination: String) {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        text = Self.prefix(for: destination) + "\(getpid())." + String(repeating: "0", count: 16 - digits.count) + digits + ".tmp"
    }

    /// Cut so that the whole name keeps within the 255 bytes that file systems allow.
    private static func prefix(for destination: String) -> String {
        var kept = Substring(destination)
        while kept.utf8.count > 200 { kept.removeLast() }
        return ".\(kept)."
    }

    /// Whether `name` is one that this type makes for `destination`, in any process.
    static func matches(_ name: String, destination: String) -> Bool {
        // Bytes are compared: file systems do not know that Unicode has several forms of one text.
        let prefix = prefix(for: destination).utf8
        let suffix = ".tmp".utf8
        guard name.utf8.starts(with: prefix), name.utf8.suffix(suffix.count).elementsEqual(suffix) else { return false }
        let parts = name.utf8.dropFirst(prefix.count).dropLast(suffix.count)
            .split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, (1...10).contains(parts[0].count), parts[1].count == 16 else { return false }
        return parts[0].allSatisfy { (0x30...0x39).contains($0) }
            && parts[1].allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
