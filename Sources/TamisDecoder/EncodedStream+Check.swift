import TamisBits
import TamisThreads
import TamisZstd

extension EncodedStream {
    /// Decodes each unit for itself, in bounded memory, and compares the digests of tensors and groups: all that can be told of a shard.
    ///
    /// Memory: a batch, or the largest tensor or skeleton.
    ///
    /// - Parameters:
    ///   - batchBytes: bytes that are decoded at once, unless a unit alone has more.
    ///   - memory: makes room for batches.
    ///   - giveBack: called with bytes of the stream that are not needed for a while.
    ///   - progress: called from any thread with the number of tensor bytes decoded so far.
    package func checkUnits(
        batchBytes: Int, threads: ThreadCount, memory: MemorySource, givingBack giveBack: (@Sendable (Range<Int>) -> Void)? = nil,
        progress: (@Sendable (_ bytes: UInt64) -> Void)? = nil
    ) throws(TamisError) {
        let coded = try parse(threads, giveBack).units
        let skeletons = try findSkeletons(giveBack)
        let meter = ProgressMeter(progress)
        var next = 0
        while next < coded.count {
            let start = next
            var byteCount = 0
            while next < coded.count && (next == start || byteCount + coded[next].byteCount <= batchBytes) {
                byteCount += coded[next].byteCount
                next += 1
            }
            try check(coded[start..<next], byteCount, threads: threads, memory: memory, meter: meter, giveBack)
        }
        for (file, skeleton) in skeletons.enumerated() {
            guard let (unit, frame) = skeleton else { continue }
            let size = topology.files[file].skeletonBytes
            let room = try memory(size)
            try unit.naming { () throws(TamisError) in try Zstandard.decompress(frame, into: room.region[0..<Int(size)]) }
            giveBack?(unit.range)
        }
    }

    private func check(
        _ coded: ArraySlice<DecodingPlan.CodedUnit>, _ byteCount: Int, threads: ThreadCount, memory: MemorySource, meter: ProgressMeter,
        _ giveBack: (@Sendable (Range<Int>) -> Void)?
    ) throws(TamisError) {
        let room = try memory(UInt64(byteCount))
        var jobs = UnitJobs(sliceElements: sliceElements, givingBack: giveBack)
        var tensors: [DecodedBatch.Tensor] = []
        var offset = 0
        for unit in coded {
            let region = room.region[offset..<(offset + unit.byteCount)]
            offset += unit.byteCount
            switch unit.content {
            case .tensor(let tensor):
                jobs.add(unit.unit, .tensor(tensor, region), weight: UInt64(unit.byteCount))
                tensors.append(DecodedBatch.Tensor(unit: unit.unit, tensor: tensor, bytes: region.view))
            case .group(let group): jobs.add(unit.unit, .group(group, region), weight: UInt64(unit.byteCount))
            }
        }
        try jobs.run(threads: threads) { meter.add($0) }
        let decoded = tensors
        try firstError(decoded.count, threads) { number throws(TamisError) in try decoded[number].check() }
        for unit in coded { giveBack?(unit.unit.range) }
        withExtendedLifetime(room) {}
    }
}
