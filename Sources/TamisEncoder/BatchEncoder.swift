import Synchronization
import TamisArithmetic
import TamisBits
import TamisDigest
import TamisModel
import TamisSyntax
import TamisThreads
import TamisZstd

/// Encodes some tensors of a model that lie next to each other in the file.
struct BatchEncoder: Sendable {
    let bytes: ByteView
    /// The tensors of the batch, in file order.
    let tensors: [TensorWork]
    /// The part of the file that the batch hashes: its tensors and the skeleton around them.
    let range: Range<Int>
    /// By the tensors' numbers.
    let plans: [TensorPlan]
    /// By the tensors' numbers, of those that are quantized.
    let coders: [TensorCoder?]
    let sliceElements: Int
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

    private enum Job: Sendable {
        case beside
        case fileDigest
        case raw(Int)
        case digest(Int)
    }

    private struct SliceJob: Sendable {
        /// Index into the sliced tensors.
        let tensor: Int
        /// Places of the coding order.
        let range: Range<Int>
    }

    /// - Parameters:
    ///   - digest: goes on over the decoded bytes of `range`.
    ///   - beside: other work, done once while the batch is coded.
    ///   - report: called with numbers of elements coded.
    func encode(
        digest: FileDigester, beside: @escaping @Sendable () -> Void, report: @escaping @Sendable (UInt64) -> Void
    ) throws(TamisError) -> Result {
        var sliced: [TensorWork] = []
        var grouped: [TensorWork] = []
        var raw: [TensorWork] = []
        for work in tensors {
            if work.isGrouped { grouped.append(work) } else if plans[work.number].quantizer == nil { raw.append(work) } else { sliced.append(work) }
        }
        // The decoded file from the batch's start to its end: what is not quantized as in the source, the rest by the jobs that
        // quantize it, so that its pages are touched first where they are used.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(range.count, 1), alignment: 16)
        defer { unsafe memory.deallocate() }
        let decoded = unsafe ByteRegion(unsafe: UnsafeMutableRawBufferPointer(rebasing: memory[..<range.count]))
        var copied = range.lowerBound
        for work in sliced {
            decoded[(copied - range.lowerBound)..<(work.place.lowerBound - range.lowerBound)].copy(from: bytes[copied..<work.place.lowerBound])
            copied = work.place.upperBound
        }
        decoded[(copied - range.lowerBound)..<range.count].copy(from: bytes[copied..<range.upperBound])
        for work in grouped + raw where work.isCorrected { decoded[place(work)].copy(from: work.original) }
        var result = try encode(sliced, grouped, raw, decoded: decoded, digest: digest, beside: beside, report: report)
        // File order keeps the stream independent of how tensors are handled.
        result.units.sort { ($0.tensors.first ?? 0) < ($1.tensors.first ?? 0) }
        return result
    }

    private func encode(
        _ sliced: [TensorWork], _ grouped: [TensorWork], _ raw: [TensorWork], decoded: ByteRegion, digest: FileDigester,
        beside: @escaping @Sendable () -> Void, report: @escaping @Sendable (UInt64) -> Void
    ) throws(TamisError) -> Result {
        var result = Result()
        let groups = groups(of: grouped)
        let groupResults = parallelMap(groups.count, threads: threads) { _, place -> Swift.Result<(unit: Unit, errors: [SquaredError]), TamisError> in
            do throws(TamisError) { return .success(try encodeGroup(groups[place], decoded)) } catch { return .failure(error) }
        }
        for (group, outcome) in zip(groups, groupResults) {
            let (unit, errors) = try outcome.get()
            result.units.append(unit)
            result.errors += zip(group, errors).filter { plans[$0.0.number].quantizer != nil }.map { ($0.number, $1) }
        }
        report(grouped.reduce(0) { $0 + $1.description.shape.elementCount })

        let coders = sliced.compactMap { self.coders[$0.number] }
        var jobs: [SliceJob] = []
        for place in coders.indices {
            for start in stride(from: 0, to: sliced[place].elementCount, by: sliceElements) {
                jobs.append(SliceJob(tensor: place, range: start..<min(start + sliceElements, sliced[place].elementCount)))
            }
        }
        let list = jobs
        let slices = parallelMap(list.count, threads: threads) { _, job in
            let coded = coders[list[job].tensor].encode(list[job].range, decoded: decoded[place(sliced[list[job].tensor])])
            report(UInt64(list[job].range.count))
            return coded
        }

        // What reads the decoded bytes; the longest jobs first.
        let others: [Job] = [.beside, .fileDigest] + raw.indices.map { .raw($0) } + coders.indices.map { .digest($0) }
        let digests = Mutex([UInt64](repeating: 0, count: coders.count))
        let rawUnits = Mutex([Swift.Result<Unit, TamisError>?](repeating: nil, count: raw.count))
        parallelFor(others.count, threads: threads) { _, number in
            switch others[number] {
            case .beside: beside()
            case .fileDigest: digest.update(decoded.view)
            case .raw(let place):
                let outcome = encodeRaw(raw[place])
                rawUnits.withLock { $0[place] = outcome }
                report(raw[place].description.shape.elementCount)
            case .digest(let number):
                let value = unsafe XXH64.of(decoded[place(sliced[number])].view.buffer)
                digests.withLock { $0[number] = value }
            }
        }
        for case let outcome? in rawUnits.withLock({ $0 }) { result.units.append(try outcome.get()) }
        let tensorDigests = digests.withLock { $0 }
        var next = 0
        for (place, coder) in coders.enumerated() {
            var own: [IndexSliceCoder.Slice] = []
            var error = SquaredError()
            while next < list.count && list[next].tensor == place {
                own.append(slices[next].slice)
                error.add(slices[next].error)
                next += 1
            }
            result.units.append(try dataUnit(coder, own, tensorDigests[place]))
            result.errors.append((coder.work.number, error))
        }
        return result
    }

    /// The tensor's place in the batch's decoded bytes.
    func place(_ work: TensorWork) -> Range<Int> {
        (work.place.lowerBound - range.lowerBound)..<(work.place.upperBound - range.lowerBound)
    }

    private func dataUnit(_ coder: TensorCoder, _ slices: [IndexSliceCoder.Slice], _ digest: UInt64) throws(TamisError) -> Unit {
        var header = DataUnit()
        header.tensorIndex = UInt64(coder.work.number)
        header.tensorDigest = digest
        header.codingMode = CodingMode.index.rawValue
        header.indexCoding = coder.coding
        var table = SyntaxWriter()
        try header.visit(&table)
        for slice in slices {
            var entry = SliceEntry(codewordBytes: UInt64(slice.codeword.count), rawBytes: UInt64(slice.rawBits.count))
            try entry.visit(&table)
        }
        var parts = [table.writer.bytes, coder.lineClasses]
        for slice in slices {
            parts.append(slice.codeword)
            parts.append(slice.rawBits)
        }
        return Unit(type: .data, tensors: [coder.work.number], parts: parts)
    }

    private func encodeRaw(_ work: TensorWork) -> Swift.Result<Unit, TamisError> {
        do throws(TamisError) {
            var header = DataUnit()
            header.tensorIndex = UInt64(work.number)
            header.tensorDigest = unsafe XXH64.of(work.original.buffer)
            let frame = try Zstandard.compress(work.original, level: ModelEncoder.rawLevel)
            return .success(Unit(type: .data, tensors: [work.number], parts: [try header.encoded(), frame]))
        } catch {
            return .failure(error)
        }
    }
}
