import TamisModel

/// What of a model belongs to one of its shards: the units of the whole stream, in its order, are cut into runs of about equal work.
///
/// It follows from the model alone, so that all who make shards of a model agree.
struct ShardDivision: Sendable {
    /// Numbers of the batches that units of the shard may come from.
    let batches: [Int]
    /// By the tensors' numbers.
    private let isOwn: [Bool]

    /// - Parameter holes: of each batch, in the order of the stream.
    init(_ source: SourceModel, batches holes: [Range<Int>], shard: Shard) {
        // Units of a batch are in the order of their first tensors; decoded bytes stand for work.
        var order: [(tensor: Int, batch: Int, byteCount: UInt64)] = []
        var isListed = [Bool](repeating: false, count: source.tensors.count)
        for (batch, holes) in holes.enumerated() {
            let start = order.count
            for hole in source.holes[holes] where !isListed[hole.tensor] {
                isListed[hole.tensor] = true
                order.append((hole.tensor, batch, hole.byteCount))
            }
            order[start...].sort { $0.tensor < $1.tensor }
        }
        var isOwn = [Bool](repeating: false, count: source.tensors.count)
        var batches: [Int] = []
        var left = order.reduce(0) { $0 + $1.byteCount }
        var next = 0
        for number in 0...shard.number {
            // A fair part of what is left, to the nearest tensor, and one tensor at the least.
            let fair = left / UInt64(shard.count - number)
            let isLast = number == shard.count - 1
            let first = next
            var taken: UInt64 = 0
            while next < order.count && (isLast || next == first || taken + order[next].byteCount / 2 <= fair) {
                taken += order[next].byteCount
                if number == shard.number {
                    isOwn[order[next].tensor] = true
                    if batches.last != order[next].batch { batches.append(order[next].batch) }
                }
                next += 1
            }
            left -= taken
        }
        self.isOwn = isOwn
        self.batches = batches
    }

    /// The shard has the units that begin with the tensor `number`.
    func has(_ number: Int) -> Bool { isOwn[number] }
}
