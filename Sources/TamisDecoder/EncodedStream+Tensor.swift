import TamisBits
import TamisThreads

extension EncodedStream {
    /// Decodes one tensor, reading only its own unit.
    ///
    /// - Returns: its elements, little-endian, in C order.
    /// - Throws: `no_such_tensor` if another shard has it.
    package func decode(tensor number: Int, threads: ThreadCount) throws(TamisError) -> [UInt8] {
        precondition(topology.tensors.indices.contains(number))
        // What the unit cannot hold gets no memory.
        let unit = try unit(ofTensor: number)
        var bytes = [UInt8](repeating: 0, count: Int(topology.tensors[number].byteCount ?? 0))
        try bytes.withRegion { (region) throws(TamisError) in try decode(unit, tensor: number, elements: nil, into: region, threads: threads) { _ in } }
        return bytes
    }

    /// As above, into memory that `making` has.
    ///
    /// - Parameters:
    ///   - elements: those wanted, by their places in C order; nil for all. The digest is compared only if all are decoded.
    ///   - progress: called from any thread with the number of elements decoded so far.
    ///   - making: called once the unit is known to be able to hold the tensor; gives memory of the tensor's size, of which only the
    ///     elements that are wanted, and others that are decoded along with them, are written.
    package func decode(
        tensor number: Int, elements: Range<Int>?, threads: ThreadCount, progress: (@Sendable (_ elements: UInt64) -> Void)?,
        making: () throws(TamisError) -> ByteRegion
    ) throws(TamisError) {
        precondition(topology.tensors.indices.contains(number))
        let unit = try unit(ofTensor: number)
        let region = try making()
        precondition(UInt64(region.count) == topology.tensors[number].byteCount)
        let meter = ProgressMeter(progress)
        try decode(unit, tensor: number, elements: elements, into: region, threads: threads) { meter.add($0) }
    }

    private func unit(ofTensor number: Int) throws(TamisError) -> DecodingPlan.CodedUnit {
        if let shard, !has(tensor: number) {
            throw TamisError(
                .noSuchTensor, "'\(topology.tensors[number].name)' is not in shard \(shard)", advice: "merge the shards first: tamis merge")
        }
        let unit = units[Int(index.tensorUnits[number].unitNumber)]
        if unit.type == .group {
            let group = try CodedGroup(unit, of: self)
            if !group.members.contains(where: { $0.tensor == number }) { throw codingScope.missing(number, in: unit) }
            return DecodingPlan.CodedUnit(unit: unit, content: .group(group))
        }
        let tensor = try CodedTensor(unit, of: self)
        if tensor.tensor != number { throw codingScope.missing(number, in: unit) }
        return DecodingPlan.CodedUnit(unit: unit, content: .tensor(tensor))
    }

    private func decode(
        _ coded: DecodingPlan.CodedUnit, tensor number: Int, elements: Range<Int>?, into region: ByteRegion, threads: ThreadCount,
        report: @Sendable (_ elements: UInt64) -> Void
    ) throws(TamisError) {
        let elementCount = topology.tensors[number].shape.elementCount
        if elements?.isEmpty == true { return }
        var jobs = UnitJobs(sliceElements: sliceElements)
        switch coded.content {
        case .group(let group):
            jobs.add(coded.unit, .members(group, group.members.map { $0.tensor == number ? region : nil }), weight: elementCount)
            try jobs.run(threads: threads, report: report)
        case .tensor(let tensor):
            let parts = elements.map { tensor.parts(holding: $0, sliceElements: sliceElements) } ?? 0..<tensor.partCount
            jobs.add(coded.unit, .tensor(tensor, region), weight: elementCount, parts: parts)
            try jobs.run(threads: threads, report: report)
            if parts.count == tensor.partCount { try coded.unit.naming { () throws(TamisError) in try tensor.checkDigest(region.view) } }
        }
    }
}
