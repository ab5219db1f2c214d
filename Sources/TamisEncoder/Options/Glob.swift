/// A pattern over tensor names: `*` stands for any run of characters, `/` included, `?` for one, everything else for itself.
public struct Glob: Sendable {
    private let pattern: [Character]

    public init(_ pattern: String) { self.pattern = Array(pattern) }

    /// Time is at most the product of the lengths.
    public func matches(_ name: String) -> Bool {
        let text = Array(name)
        var place = 0
        var at = 0
        // Where to go on if what follows the last star fails: the star, and the first character it does not cover yet.
        var star: (place: Int, at: Int)?
        while at < text.count {
            if place < pattern.count && pattern[place] == "*" {
                star = (place, at)
                place += 1
            } else if place < pattern.count && (pattern[place] == "?" || pattern[place] == text[at]) {
                place += 1
                at += 1
            } else if let last = star {
                star = (last.place, last.at + 1)
                place = last.place + 1
                at = last.at + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == "*" }
    }
}
