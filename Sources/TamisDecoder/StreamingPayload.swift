import TamisBits

/// The payload that is arriving.
///
/// Its memory is less than twice the bytes that are there, and no more than those that are stated: whoever states a length must send it
/// before it costs memory.
struct StreamingPayload {
    /// What the first bytes get.
    private static let leastBytes = 1 << 16

    private let byteCount: Int
    private let source: MemorySource
    private var memory: any WorkingMemory = HeapMemory(byteCount: 0)
    /// Bytes that have arrived.
    private(set) var count = 0

    /// - Parameter byteCount: bytes that are stated.
    init(byteCount: Int, _ source: @escaping MemorySource) {
        self.byteCount = byteCount
        self.source = source
    }

    /// - Parameter part: not more than is still to come.
    mutating func append(_ part: ByteView) throws(TamisError) {
        let end = count + part.count
        precondition(end <= byteCount)
        if end > memory.region.count {
            let larger = try HeapMemory.orMore(min(max(end, count * 2, Self.leastBytes), byteCount), from: source)
            larger.region.copy(from: memory.region[0..<count].view)
            memory = larger
        }
        memory.region[count..<end].copy(from: part)
        count = end
    }

    /// Hands over the memory, whose first bytes are those of the payload.
    mutating func take() -> any WorkingMemory {
        let whole = memory
        memory = HeapMemory(byteCount: 0)
        count = 0
        return whole
    }
}
