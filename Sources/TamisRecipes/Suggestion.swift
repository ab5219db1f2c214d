/// Finds the word that someone may have meant.
enum Suggestion {
    /// `did you mean 'x'?` for the known word nearest to `word`, if one is near.
    static func sentence(for word: String, among known: [String]) -> String? {
        let word = Array(word.utf8.prefix(64))
        let near = known.map { ($0, distance(word, Array($0.utf8))) }.min { $0.1 < $1.1 }
        guard let (best, distance) = near, distance <= max(1, min(word.count, best.utf8.count) / 3) else { return nil }
        return "did you mean '\(best)'?"
    }

    /// Letters to insert, remove or replace; case, `-` and `_` make no difference.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        func plain(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
        let b = b.map(plain)
        var row = Array(0...b.count)
        for (i, x) in a.map(plain).enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let replaced = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
            }
        }
        return row[b.count]
    }
}
