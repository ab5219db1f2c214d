import TamisModel

extension ModelEncoder {
    /// Neighbouring holes of a file, and the skeleton before them; behind the last ones, also the skeleton to the file's end.
    struct Batch {
        let file: Int
        let holes: Range<Int>
        let range: Range<Int>
    }

    func batches() -> [Batch] {
        var batches: [Batch] = []
        var next = 0
        for file in source.files.indices {
            var offset = 0
            repeat {
                let start = next
                var size = 0
                while next < source.holes.count, source.holes[next].file == file {
                    let byteCount = Int(source.holes[next].byteCount)
                    if size > 0 && size + byteCount > Self.batchBytes { break }
                    size += byteCount
                    next += 1
                }
                let isLast = next == source.holes.count || source.holes[next].file != file
                let end = isLast ? bytes.files[file].count : Int(source.holes[next].offset)
                batches.append(Batch(file: file, holes: start..<next, range: offset..<end))
                offset = end
            } while next < source.holes.count && source.holes[next].file == file
        }
        return batches
    }

    /// For each tensor, the place among the holes of the one that it is coded for.
    func firstHoles() -> [Int] {
        var first = [Int?](repeating: nil, count: source.tensors.count)
        for (place, hole) in source.holes.enumerated() where first[hole.tensor] == nil { first[hole.tensor] = place }
        return first.compactMap { $0 }
    }

    /// The plans of tensors of which coders are needed.
    ///
    /// Who makes a shard needs those of its own tensors, unless biases take up what the coding of others does.
    func plansToCode(_ plans: [TensorPlan]) -> [TensorPlan] {
        guard let shard = options.shard, options.statistics.isEmpty else { return plans }
        let division = ShardDivision(source, batches: batches().map(\.holes), shard: shard)
        return plans.enumerated().map { number, plan in division.has(number) ? plan : .exact("another shard has it") }
    }
}
