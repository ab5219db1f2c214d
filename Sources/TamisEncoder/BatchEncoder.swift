import Synchronization
import TamisArithmetic
import TamisBits
import TamisDigest
import TamisModel
import TamisSyntax
import TamisThreads
import TamisZstd

/// Encodes some tensors of a model that lie next to each other in a file.
struct BatchEncoder: Sendable {
    /// A tensor and where it lies.
    struct Placement: Sendable {
        var work: TensorWork
        /// In the file.
        let range: Range<Int>
        /// The tensor has a unit already: only its decoded bytes are made.
        let isRepeated: Bool
    }

    /// The file.
    let bytes: ByteView
    /// The tensors of the batch, in file order.
    let placements: [Placement]
    /// The part of the file that the batch hashes: its tensors and the skeleton around them.
    let range: Range<Int>
    /// By the tensors' numbers.
    let plans: [TensorPlan]
    /// By the tensors' numbers, of those that are quantized.
    let coders: [TensorCoder?]
    let sliceElements: Int
    /// Which units are made; nil: all.
    let division: ShardDivision?
    let threads: ThreadCount

    /// A unit to be written.
    struct Unit: Sendable {
        let type: UnitHeader.UnitType
        let tensors: [Int]
        let parts: [[UInt8]]
    }

    /// What comes of a batch.
    struct Result: Sendable {
        var units: [Unit] = []
        /// Number and errors of each quantized tensor.
        var errors: [(tensor: Int, error: SquaredError)] = []
    }

    /// A tensor that is coded in slices.
    struct Sliced: Sendable {
        let placement: Placement
        let coder: SliceCoder
    }

    private struct SliceJob: Sendable {
        /// Index into the sliced tensors.
        let tensor: Int
        /// Places of the coding order, of one slice or two.
        let ranges: [Range<Int>]
    }

    private enum Job: Sendable {
        case beside
        case fileDigest
        case compress(Placement)
        case digest(Int)
    }

    /// - Parameters:
    ///   - digest: goes on over the decoded bytes of `range`; nil if nobody asks.
    ///   - beside: other work, done once while the batch is coded.
    ///   - report: called with numbers of elements coded.
    func encode(
        digest: FileDigester?, beside: @escaping @Sendable () -> Void, report: @escaping @Sendable (UInt64) -> Void
    ) throws(TamisError) -> Result {
        var quantized: [Placement] = []
        var grouped: [Placement] = []
        var exact: [Placement] = []
        for placement in placements {
            let isExact = plans[placement.work.number].quantizer == nil
            if placement.work.isGrouped {
                grouped.append(placement)
            } else if isWanted(placement) {
                if isExact { exact.append(placement) } else { quantized.append(placement) }
            }
        }
        let isChanged = !quantized.isEmpty || grouped.contains { plans[$0.work.number].quantizer != nil } || placements.contains(where: \.work.isCorrected)
        let own = try takeOut(of: &grouped).filter { isWanted($0.placement) }
        let (coded, compressed) = try coders(quantized, exact)
        let sliced = own + coded
        if !isChanged {
            // The decoded bytes are those of the file.
            return try encode(sliced, grouped, compressed, decoded: nil, digest: digest, beside: beside, report: report)
        }
        // The decoded file from the batch's start to its end: what is not quantized as in the source, the rest by the jobs that
        // quantize it, so that its pages are touched first where they are used.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(range.count, 1), alignment: 16)
        defer { unsafe memory.deallocate() }
        let decoded = unsafe ByteRegion(unsafe: UnsafeMutableRawBufferPointer(rebasing: memory[..<range.count]))
        var copied = range.lowerBound
        for placement in quantized {
            decoded[(copied - range.lowerBound)..<(placement.range.lowerBound - range.lowerBound)].copy(from: bytes[copied..<placement.range.lowerBound])
            copied = placement.range.upperBound
        }
        decoded[(copied - range.lowerBound)..<range.count].copy(from: bytes[copied..<range.upperBound])
        for placement in placements where placement.work.isCorrected && plans[placement.work.number].quantizer == nil {
            decoded[place(placement)].copy(from: placement.work.original)
        }
        return try encode(sliced, grouped, compressed, decoded: decoded, digest: digest, beside: beside, report: report)
    }

    /// Something is to be made of the tensor, if it is in no group: its unit, or the decoded bytes of one that the stream has.
    private func isWanted(_ placement: Placement) -> Bool {
        division.map { !placement.isRepeated && $0.has(placement.work.number) } ?? true
    }

    /// Small tensors that are smaller in a unit of their own than compressed with others.
    private func takeOut(of grouped: inout [Placement]) throws(TamisError) -> [Sliced] {
        let all = grouped
        let coders = try parallelMap(all.count, threads: threads) { _, number -> SliceCoder? in
            let (work, isRepeated) = (all[number].work, all[number].isRepeated)
            if isRepeated || plans[work.number].quantizer != nil || work.description.shape.elementCount < Self.fewestInOwnUnit { return nil }
            return SliceCoder.exact(work, sliceElements: sliceElements, overhead: Self.unitBytes)
        }
        grouped = zip(all, coders).filter { $1 == nil }.map { $0.0 }
        return zip(all, coders).compactMap { placement, coder in coder.map { Sliced(placement: placement, coder: $0) } }
    }

    /// Elements below which a unit of its own is not tried, and the bytes that it takes besides its content.
    private static let fewestInOwnUnit: UInt64 = 96
    private static let unitBytes = 56.0

    /// Coders of the tensors that are coded in slices, and what is compressed instead.
    private func coders(_ quantized: [Placement], _ exact: [Placement]) throws(TamisError) -> (sliced: [Sliced], compressed: [Placement]) {
        let all = quantized + exact.filter { !$0.isRepeated }
        let made = try parallelMap(all.count, threads: threads) { _, number -> SliceCoder? in
            let placement = all[number]
            if number < quantized.count { return self.coders[placement.work.number].map { .quantized($0.loaded()) } }
            return SliceCoder.exact(placement.work, sliceElements: sliceElements)
        }
        var sliced: [Sliced] = []
        var compressed: [Placement] = []
        for (placement, coder) in zip(all, made) {
            if let coder { sliced.append(Sliced(placement: placement, coder: coder)) } else { compressed.append(placement) }
        }
        return (sliced, compressed)
    }

    /// - Parameter decoded: memory for the decoded bytes of `range`, of which those that are not changed are there; nil: none are changed.
    private func encode(
        _ sliced: [Sliced], _ grouped: [Placement], _ compressed: [Placement], decoded: ByteRegion?, digest: FileDigester?,
        beside: @escaping @Sendable () -> Void, report: @escaping @Sendable (UInt64) -> Void
    ) throws(TamisError) -> Result {
        var result = Result()
        // Each is where its first tensor is.
        let groups = groups(of: grouped).filter { group in division.map { $0.has(group[0].work.number) } ?? true }
        let groupResults = try parallelMap(groups.count, threads: threads) { _, place -> Swift.Result<(unit: Unit, errors: [SquaredError]), TamisError> in
            do throws(TamisError) { return .success(try encodeGroup(groups[place], decoded)) } catch { return .failure(error) }
        }
        for (group, outcome) in zip(groups, groupResults) {
            let (unit, errors) = try outcome.get()
            result.units.append(unit)
            result.errors += zip(group, errors).filter { plans[$0.0.work.number].quantizer != nil }.map { ($0.work.number, $1) }
        }
        if let decoded {
            for placement in grouped where placement.isRepeated {
                if let quantizer = plans[placement.work.number].quantizer { GroupMember(placement.work, quantizer).write(to: decoded[place(placement)]) }
            }
        }
        report(grouped.reduce(0) { $1.isRepeated || !(division?.has($1.work.number) ?? true) ? $0 : $0 + $1.work.description.shape.elementCount })

        let list = jobs(sliced)
        let nothing = unsafe ByteRegion(unsafe: UnsafeMutableRawBufferPointer(start: nil, count: 0))
        let slices = try parallelMap(list.count, threads: threads) { _, job in
            let (placement, coder) = (sliced[list[job].tensor].placement, sliced[list[job].tensor].coder)
            let coded = coder.encode(list[job].ranges, decoded: decoded?[place(placement)] ?? nothing)
            if !placement.isRepeated { report(UInt64(list[job].ranges.reduce(0) { $0 + $1.count }) >> UInt64(coder.fieldsLog2)) }
            return coded
        }

        // What reads the decoded bytes; the longest jobs first.
        let others: [Job] = [.beside, .fileDigest] + compressed.map { .compress($0) } + sliced.indices.map { .digest($0) }
        let identities = Mutex([Identity?](repeating: nil, count: sliced.count))
        let rawUnits = Mutex([Swift.Result<Unit, TamisError>?](repeating: nil, count: others.count))
        try parallelFor(others.count, threads: threads) { _, number in
            switch others[number] {
            case .beside: beside()
            case .fileDigest: digest?.update(decoded?.view ?? bytes[range])
            case .compress(let placement):
                let outcome = compress(placement)
                rawUnits.withLock { $0[number] = outcome }
                report(placement.work.description.shape.elementCount)
            case .digest(let number):
                let placement = sliced[number].placement
                let value = identity(placement, decoded: decoded?[place(placement)].view ?? placement.work.original)
                identities.withLock { $0[number] = value }
            }
        }
        for case let outcome? in rawUnits.withLock({ $0 }) { result.units.append(try outcome.get()) }
        let ownIdentities = identities.withLock { $0 }
        var next = 0
        for (place, tensor) in sliced.enumerated() {
            var own: [IndexSliceCoder.Slice] = []
            var error = SquaredError()
            while next < list.count && list[next].tensor == place {
                for (slice, part) in slices[next] {
                    own.append(slice)
                    error.add(part)
                }
                next += 1
            }
            guard !tensor.placement.isRepeated, let identity = ownIdentities[place] else { continue }
            result.units.append(try dataUnit(tensor, own, identity))
            if tensor.coder.isQuantizing { result.errors.append((tensor.placement.work.number, error)) }
        }
        // File order keeps the stream independent of how tensors are handled.
        result.units.sort { ($0.tensors.first ?? 0) < ($1.tensors.first ?? 0) }
        return result
    }

    /// The slices of all tensors, in order: two at a time, which is faster, if there are many.
    private func jobs(_ sliced: [Sliced]) -> [SliceJob] {
        let sliceCount = sliced.reduce(0) { $0 + ($1.coder.elementCount + sliceElements - 1) / sliceElements }
        let together = sliceCount >= Self.fewestPaired * threads.value ? 2 : 1
        var jobs: [SliceJob] = []
        for place in sliced.indices {
            let count = sliced[place].coder.elementCount
            for start in stride(from: 0, to: count, by: together * sliceElements) {
                let starts = stride(from: start, to: min(start + together * sliceElements, count), by: sliceElements)
                jobs.append(SliceJob(tensor: place, ranges: starts.map { $0..<min($0 + sliceElements, count) }))
            }
        }
        return jobs
    }

    /// Slices for each thread below which no two share a job, so that no thread waits for long.
    private static let fewestPaired = 16

    /// The tensor's place in the batch's decoded bytes.
    func place(_ placement: Placement) -> Range<Int> {
        (placement.range.lowerBound - range.lowerBound)..<(placement.range.upperBound - range.lowerBound)
    }
}
