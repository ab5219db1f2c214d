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
    let source: SourceModel
    let bytes: ByteView
    /// Holes of `source` in the batch.
    let holes: Range<Int>
    /// The part of the file that the batch hashes: its holes and the skeleton around them.
    let range: Range<Int>
    let plans: [TensorPlan]
    let statistics: [TensorStatistics]
    let options: EncodingOptions
    let threads: ThreadCount

    /// A unit to be written.
    struct Unit: Sendable {
        let type: UnitHeader.UnitType
        let tensors: [Int]
        let parts: [[UInt8]]
    }

    private struct SliceJob: Sendable {
        /// Index into the sliced tensors.
        let tensor: Int
        /// Places of the coding order.
        let range: Range<Int>
    }

    var sliceElements: Int { 1 << options.sliceElementsLog2 }

    /// - Parameters:
    ///   - digest: goes on over the decoded bytes of `range`.
    ///   - beside: other work, done once while the batch is coded.
    ///   - report: called with numbers of elements coded.
    func encode(
        digest: FileDigester, beside: @escaping @Sendable () -> Void, report: @escaping @Sendable (UInt64) -> Void
    ) throws(TamisError) -> [Unit] {
        var sliced: [SlicedTensor] = []
        var grouped: [Int] = []
        var raw: [Int] = []
        for hole in holes {
            let tensor = source.tensors[source.holes[hole].tensor]
            // A group's indices are one slice.
            let isSmall = tensor.shape.elementCount < UInt64(min(ModelEncoder.groupedElements, sliceElements))
            switch plans[source.holes[hole].tensor] {
            case .exact where !isSmall: raw.append(hole)
            case .quantized(let step) where !isSmall:
                guard let plan = slicedTensor(hole, tensor, step) else { raw.append(hole); continue }
                sliced.append(plan)
            default: grouped.append(hole)
            }
        }

        // The decoded file from the batch's start to its end: what is not quantized as in the source, the rest by the jobs that
        // quantize it, so that its pages are touched first where they are used.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(range.count, 1), alignment: 16)
        defer { unsafe memory.deallocate() }
        let decoded = unsafe ByteRegion(unsafe: UnsafeMutableRawBufferPointer(rebasing: memory[..<range.count]))
        var copied = range.lowerBound
        for hole in sliced.map(\.hole) {
            let start = Int(source.holes[hole].offset)
            decoded[(copied - range.lowerBound)..<(start - range.lowerBound)].copy(from: bytes[copied..<start])
            copied = start + Int(source.holes[hole].byteCount)
        }
        decoded[(copied - range.lowerBound)..<range.count].copy(from: bytes[copied..<range.upperBound])
        let units = try encode(sliced, grouped, raw, decoded: decoded, digest: digest, beside: beside, report: report)
        // File order keeps the stream independent of how tensors are handled.
        return units.sorted { ($0.tensors.first ?? 0) < ($1.tensors.first ?? 0) }
    }

    private func encode(
        _ tensors: [SlicedTensor], _ grouped: [Int], _ raw: [Int], decoded: ByteRegion, digest: FileDigester,
        beside: @escaping @Sendable () -> Void, report: @escaping @Sendable (UInt64) -> Void
    ) throws(TamisError) -> [Unit] {
        var sliced = tensors
        let lines = parallelMap(sliced.count, threads: threads) { [tensors] _, place in
            LineStatistics.classes(of: values(tensors[place].hole), view: tensors[place].view)
        }
        for place in sliced.indices { (sliced[place].rows, sliced[place].columns) = lines[place] }

        var jobs: [SliceJob] = []
        for place in sliced.indices {
            for start in stride(from: 0, to: sliced[place].view.elementCount, by: sliceElements) {
                jobs.append(SliceJob(tensor: place, range: start..<min(start + sliceElements, sliced[place].view.elementCount)))
            }
        }
        let (work, list) = (sliced, jobs)
        // Counts add up to the same in any order.
        let counts = Mutex(sliced.map { ContextSurvey(signDistances: $0.signDistances) })
        parallelFor(list.count, threads: threads) { _, job in
            let survey = quantizeAndSurvey(work[list[job].tensor], list[job].range, decoded)
            counts.withLock { $0[list[job].tensor].add(survey) }
        }
        let surveyed = counts.withLock { $0 }
        let plans = parallelMap(sliced.count, threads: threads) { _, place in
            let tensor = work[place]
            return IndexPlan(
                quantizer: tensor.quantizer, view: tensor.view, rowAxisCount: tensor.rowAxisCount, rows: tensor.rows, columns: tensor.columns,
                magnitudeCode: tensor.magnitudeCode, survey: surveyed[place])
        }

        // Groups first: their quantized values belong into the decoded bytes before these are hashed.
        let groups = groups(of: grouped)
        let groupUnits = parallelMap(groups.count, threads: threads) { _, place -> Result<Unit, TamisError> in
            do throws(TamisError) { return .success(try encodeGroup(groups[place], decoded)) } catch { return .failure(error) }
        }
        var units: [Unit] = []
        for result in groupUnits { units.append(try result.get()) }
        report(grouped.reduce(0) { $0 + source.tensors[source.holes[$1].tensor].shape.elementCount })

        // The longest jobs go first: hashing the decoded bytes, and the work beside.
        let slices = Mutex([IndexSliceCoder.Slice?](repeating: nil, count: list.count))
        let digests = Mutex([UInt64](repeating: 0, count: work.count))
        let rawUnits = Mutex([Result<Unit, TamisError>?](repeating: nil, count: raw.count))
        parallelFor(2 + raw.count + work.count + list.count, threads: threads) { _, number in
            if number == 0 { return beside() }
            let job = number - 1
            if job == 0 {
                digest.update(decoded.view)
            } else if job <= raw.count {
                let place = job - 1
                let result = encodeRaw(raw[place])
                rawUnits.withLock { $0[place] = result }
                report(source.tensors[source.holes[raw[place]].tensor].shape.elementCount)
            } else if job <= raw.count + work.count {
                let place = job - 1 - raw.count
                let value = unsafe XXH64.of(decoded[self.place(work[place].hole)].view.buffer)
                digests.withLock { $0[place] = value }
            } else {
                let place = job - 1 - raw.count - work.count
                let slice = encodeSlice(work[list[place].tensor], plans[list[place].tensor], list[place].range)
                slices.withLock { $0[place] = slice }
                report(UInt64(list[place].range.count))
            }
        }

        for result in rawUnits.withLock({ $0 }) { if let result { units.append(try result.get()) } }
        let coded = slices.withLock { $0 }
        let tensorDigests = digests.withLock { $0 }
        var next = 0
        for place in work.indices {
            var own: [IndexSliceCoder.Slice] = []
            while next < list.count && list[next].tensor == place {
                if let slice = coded[next] { own.append(slice) }
                next += 1
            }
            units.append(try dataUnit(work[place], plans[place], own, tensorDigests[place]))
        }
        return units
    }

    /// The tensor's bytes in the source.
    func values(_ hole: Int) -> ByteView {
        let start = Int(source.holes[hole].offset)
        return bytes[start..<(start + Int(source.holes[hole].byteCount))]
    }

    /// The tensor's place in the batch's decoded bytes.
    func place(_ hole: Int) -> Range<Int> {
        let start = Int(source.holes[hole].offset) - range.lowerBound
        return start..<(start + Int(source.holes[hole].byteCount))
    }

    private func encodeRaw(_ hole: Int) -> Result<Unit, TamisError> {
        do throws(TamisError) {
            let values = values(hole)
            var header = DataUnit()
            header.tensorIndex = UInt64(source.holes[hole].tensor)
            header.tensorDigest = unsafe XXH64.of(values.buffer)
            let frame = try Zstandard.compress(values, level: ModelEncoder.rawLevel)
            return .success(Unit(type: .data, tensors: [source.holes[hole].tensor], parts: [try header.encoded(), frame]))
        } catch {
            return .failure(error)
        }
    }

}
