/// Places tensors one after the other in a new file.
struct ExternalLayout: Sendable {
    private struct Source: Hashable {
        let file: Int
        let range: Range<UInt64>
    }

    /// From so many bytes on a tensor begins at a page, so that it can be mapped.
    private static let largeByteCount: UInt64 = 1 << 20
    private static let largeAlignment: UInt64 = 4096
    /// A line of the processor's caches.
    private static let smallAlignment: UInt64 = 64

    private(set) var list = PieceList()
    private var offsets: [Source: UInt64] = [:]

    /// Bytes before the tensor that is at `range` of `file`. Tensors that have the same bytes keep sharing them.
    mutating func place(file: Int, _ range: Range<UInt64>) -> UInt64 {
        let source = Source(file: file, range: range)
        if let offset = offsets[source] { return offset }
        let alignment = range.byteCount >= Self.largeByteCount ? Self.largeAlignment : Self.smallAlignment
        let past = list.byteCount % alignment
        if past > 0 { list.append(zeros: Int(alignment - past)) }
        let offset = list.byteCount
        list.append(file: file, range)
        offsets[source] = offset
        return offset
    }
}
