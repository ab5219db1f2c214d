import TamisBits

extension ByteView {
    /// Whether the bytes at `range` are exactly `text`.
    func holds(_ range: Range<Int>, _ text: String) -> Bool {
        guard range.count == text.utf8.count else { return false }
        var position = range.lowerBound
        for byte in text.utf8 {
            if self[position] != byte { return false }
            position += 1
        }
        return true
    }
}
