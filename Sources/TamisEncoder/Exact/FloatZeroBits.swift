import TamisArithmetic
import TamisBits
import TamisQuantization

/// How many of the lowest bits of a tensor's elements are 0, in all of them and in short rows.
struct FloatZeroBits {
    /// In all elements.
    private(set) var all: Int
    private(set) var shortRows: FloatModel.ShortRows?
    /// The codeword of the short rows; empty if there are none.
    private(set) var codeword: [UInt8] = []

    /// - Parameters:
    ///   - bytes: the tensor's.
    ///   - view: rows are looked at if they lie in one piece and are long enough to have classes.
    init(_ bytes: ByteView, _ layout: FloatLayout, _ view: MatrixView) {
        let width = layout.bitCount
        guard view.outer == 1, view.rows > 1, view.inner >= LineStatistics.shortestLine else {
            all = min(Self.used(bytes, width).trailingZeroBitCount, layout.mantissaBits)
            return
        }
        let rowBytes = view.inner * layout.byteCount
        var zeroBits = [Int](repeating: 0, count: view.rows)
        var rowsOf = [Int](repeating: 0, count: layout.mantissaBits + 1)
        all = layout.mantissaBits
        for row in 0..<view.rows {
            let used = Self.used(bytes[(row * rowBytes)..<((row + 1) * rowBytes)], width)
            zeroBits[row] = min(used.trailingZeroBitCount, layout.mantissaBits)
            all = min(all, zeroBits[row])
            // Rows of zeros alone gain nothing.
            if used != 0 { rowsOf[zeroBits[row]] += 1 }
        }
        var best = (bits: 0, zeroBits: all)
        var rows = 0
        for candidate in stride(from: layout.mantissaBits, to: all, by: -1) {
            rows += rowsOf[candidate]
            let bits = rows * view.inner * (candidate - all)
            if bits > best.bits { best = (bits, candidate) }
        }
        if best.bits == 0 { return }
        let isShort = zeroBits.map { $0 >= best.zeroBits }
        let flags = ShortRowCoder.encode(isShort)
        if flags.count * 8 + 24 >= best.bits { return }
        codeword = flags
        shortRows = FloatModel.ShortRows(zeroBits: best.zeroBits, elementsPerRow: view.inner, isShort: isShort)
    }

    /// The bits that are 1 in any element, together.
    private static func used(_ bytes: ByteView, _ width: Int) -> UInt64 {
        var wide = SIMD4<UInt64>()
        let whole = bytes.count / 32 * 32
        for place in stride(from: 0, to: whole, by: 32) { wide |= unsafe bytes.buffer.loadUnaligned(fromByteOffset: place, as: SIMD4<UInt64>.self) }
        // 8 bytes hold whole elements.
        var used = wide[0] | wide[1] | wide[2] | wide[3]
        for place in whole..<bytes.count { used |= UInt64(bytes[place]) << UInt64(place % 8 * 8) }
        var all: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: width) { all |= used >> UInt64(shift) }
        return all & (UInt64.max >> UInt64(64 - width))
    }
}
