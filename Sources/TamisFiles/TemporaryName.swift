import Glibc

/// The name of a file on its way to take the place of `destination`: `.destination.<pid>.<16 hexadecimal digits>.tmp`.
///
/// The process number tells a person whose it is; the digits make it unique.
struct TemporaryName {
    let text: String

    init(for destination: String) {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        text = ".\(Self.kept(destination))." + "\(getpid())." + String(repeating: "0", count: 16 - digits.count) + digits + ".tmp"
    }

    /// Cut so that the whole name keeps within the 255 bytes that file systems allow.
    private static func kept(_ destination: String) -> Substring {
        var kept = Substring(destination)
        while kept.utf8.count > 200 { kept.removeLast() }
        return kept
    }

    /// What the names for `destination` begin with, without their first dot. In bytes: file systems do not know that Unicode has
    /// several forms of one text.
    static func stem(for destination: String) -> [UInt8] { Array(kept(destination).utf8) }

    /// The beginning of `name` if it is one that this type makes, in any process; else nil.
    static func stem(of name: String) -> [UInt8]? {
        let suffix = ".tmp".utf8
        guard name.utf8.first == UInt8(ascii: "."), name.utf8.suffix(suffix.count).elementsEqual(suffix) else { return nil }
        let parts = name.utf8.dropFirst().dropLast(suffix.count).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count >= 3, (1...10).contains(parts[parts.count - 2].count), parts[parts.count - 1].count == 16 else { return nil }
        guard parts[parts.count - 2].allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard parts[parts.count - 1].allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else { return nil }
        return Array(parts.dropLast(2).joined(separator: ".".utf8))
    }
}
