import TamisBits

/// Memory for batches, one of which is handed on while the next one is made.
struct BatchMemory {
    private let source: MemorySource
    /// Bytes of a block, at the least.
    private let leastBytes: Int
    /// Bytes of all blocks together, at the most, unless a single block is more.
    private let mostBytes: Int
    private var idle: [any WorkingMemory] = []
    private var usedBytes = 0

    /// - Parameter largest: bytes of a batch, at the most.
    init(batchBytes: Int, largest: Int, from source: @escaping MemorySource) {
        self.source = source
        leastBytes = batchBytes
        mostBytes = batchBytes + max(batchBytes, largest)
    }

    /// Whether a block of `byteCount` bytes may be taken now, or only after what is in use has been put back.
    func hasRoom(for byteCount: Int) -> Bool {
        usedBytes + (smallestIdle(holding: byteCount).map { idle[$0].region.count } ?? max(byteCount, leastBytes)) <= mostBytes
    }

    /// A block of `byteCount` bytes or more, whose bytes may be anything.
    mutating func take(_ byteCount: Int) throws(TamisError) -> any WorkingMemory {
        let block: any WorkingMemory
        if let place = smallestIdle(holding: byteCount) {
            block = idle.remove(at: place)
        } else {
            // Blocks too small for this batch would come on top.
            idle = []
            block = try source(UInt64(max(byteCount, leastBytes)))
        }
        usedBytes += block.region.count
        return block
    }

    mutating func putBack(_ block: any WorkingMemory) {
        usedBytes -= block.region.count
        idle.append(block)
    }

    private func smallestIdle(holding byteCount: Int) -> Int? {
        idle.indices.filter { idle[$0].region.count >= byteCount }.min { idle[$0].region.count < idle[$1].region.count }
    }
}
