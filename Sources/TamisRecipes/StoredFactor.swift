import TamisBits

/// The upper triangular factors U of the second moments H = U · Uᵀ of a layer's groups, as a file has them.
struct StoredFactor {
    private let bytes: ByteView
    private let groups: Int
    private let size: Int

    private static let infinity: UInt32 = 0x7F80_0000
    private static let magnitude: UInt32 = 0x7FFF_FFFF

    /// - Parameter bytes: groups × size × size little-endian float32.
    init(_ bytes: ByteView, groups: Int, size: Int) {
        self.bytes = bytes
        self.groups = groups
        self.size = size
    }

    /// Why these are not such factors, in words that follow their name; nil if they are.
    var problem: String? {
        for group in 0..<groups {
            for row in 0..<size where !isSound(group, row) { return problem(group, row) }
        }
        return nil
    }

    /// Whether a row is zero before the diagonal, positive on it and finite behind it.
    ///
    /// Every number of the file goes through here: two runs without branches, which compile to vectors.
    private func isSound(_ group: Int, _ row: Int) -> Bool {
        let start = 4 * size * (group * size + row)
        let line = bytes[start..<(start + 4 * size)].buffer
        func bits(_ column: Int) -> UInt32 { UInt32(littleEndian: line.loadUnaligned(fromByteOffset: 4 * column, as: UInt32.self)) }
        var before: UInt32 = 0
        for column in 0..<row { before |= bits(column) & Self.magnitude }
        var behind: UInt32 = 0
        for column in row..<size { behind = max(behind, bits(column) & Self.magnitude) }
        let diagonal = Float(bitPattern: bits(row))
        return before == 0 && behind < Self.infinity && diagonal > 0
    }

    /// What is wrong with a row.
    private func problem(_ group: Int, _ row: Int) -> String {
        let start = size * (group * size + row)
        let place = groups == 1 ? "row \(row)" : "group \(group), row \(row)"
        for column in 0..<size {
            let value = Float(bitPattern: bytes.load(4 * (start + column), as: UInt32.self))
            if !value.isFinite { return "has \(value) in \(place), column \(column), expected a finite number" }
            if column < row && value != 0 { return "is not upper triangular: it has \(value) in \(place), column \(column), expected 0" }
        }
        let diagonal = Float(bitPattern: bytes.load(4 * (start + row), as: UInt32.self))
        return "is not of a positive definite matrix: it has \(diagonal) on the diagonal in \(place), expected a positive number"
    }
}
