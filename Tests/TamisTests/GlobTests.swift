import Tamis
import TamisTestSupport
import Testing

@Suite("Globs over tensor names")
struct GlobTests {
    @Test(arguments: [
        ("*", "", true), ("*", "a/b", true), ("", "", true), ("", "a", false), ("a", "a", true), ("a", "b", false), ("a", "", false), ("?", "a", true),
        ("?", "", false), ("?", "ü", true), ("?", "e\u{301}", true), ("a*", "a", true), ("a*", "ba", false), ("*a", "ba", true), ("*a", "ab", false),
        ("*.bias", "layer/x.bias", true), ("*.bias", "x.bias2", false), ("a*b*c", "aXbYbZc", true), ("a*b*c", "abc", true), ("a*b*c", "acb", false),
        ("**", "x", true), ("a**b", "ab", true), ("*?", "", false), ("*?", "xy", true), ("?*?", "x", false), ("[a]", "a", false), ("[a]", "[a]", true),
        ("\\*", "*", false), ("A", "a", false), ("*ab", "aab", true), ("*aab", "aaaab", true),
    ] as [(String, String, Bool)])
    func matches(_ pattern: String, _ name: String, _ expected: Bool) {
        #expect(Glob(pattern).matches(name) == expected)
    }

    /// By trying every length of every star.
    private static func plain(_ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" { return (0...name.count).contains { plain(pattern.dropFirst(), name.dropFirst($0)) } }
        guard let character = name.first, first == "?" || first == character else { return false }
        return plain(pattern.dropFirst(), name.dropFirst())
    }

    @Test func agreesWithThePlainRule() {
        var random = SplitMix64(seed: 1)
        func text(_ letters: [Character], _ most: Int) -> [Character] {
            (0..<Int.random(in: 0...most, using: &random)).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] }
        }
        for _ in 0..<3000 {
            let (pattern, name) = (text(["a", "b", "*", "?"], 7), text(["a", "b"], 8))
            #expect(Glob(String(pattern)).matches(String(name)) == Self.plain(pattern[...], name[...]), "\(String(pattern)) \(String(name))")
        }
    }

    @Test func manyStarsTakeNoLongTime() {
        #expect(!Glob(String(repeating: "*a", count: 200) + "b").matches(String(repeating: "a", count: 2000)))
    }
}
