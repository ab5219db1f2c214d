import Synchronization
import TamisArithmetic
import TamisBits
import TamisDigest
import TamisModel
import TamisQuantization
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

    /// A tensor that is quantized slice by slice.
    private struct Sliced: Sendable {
        let hole: Int
        let quantizer: DeadzoneQuantizer
        let view: MatrixView
        let rowAxisCount: UInt8
        let magnitudeCode: UInt8
        let signDistances: [(first: Int, second: Int)]
        var rows: [Int8] = []
        var columns: [Int8] = []
    }

    private struct SliceJob: Sendable {
        /// Index into the sliced tensors.
        let tensor: Int
        /// Places of the coding order.
        let range: Range<Int>
    }

    private var sliceElements: Int { 1 << options.sliceElementsLog2 }

    /// - Parameters:
    ///   - digest: goes on over the decoded bytes of `range`.
    ///   - report: called with numbers of elements coded.
    func encode(digest: FileDigester, report: @escaping @Sendable (UInt64) -> Void) throws(TamisError) -> [Unit] {
        var sliced: [Sliced] = []
        var grouped: [Int] = []
        var raw: [Int] = []
        for hole in holes {
            let tensor = source.tensors[source.holes[hole].tensor]
            let isSmall = tensor.shape.elementCount < UInt64(min(ModelEncoder.groupedElements, sliceElements))
            switch plans[source.holes[hole].tensor] {
            case .exact where !isSmall: raw.append(hole)
            case .quantized(let step) where !isSmall:
                guard let plan = slicedPlan(hole, tensor, step) else { raw.append(hole); continue }
                sliced.append(plan)
            default: grouped.append(hole)
            }
        }

        // The decoded file from the batch's start to its end: first as in the source, then quantized tensors in their place.
        var decoded = bytes[range].array
        let units = try decoded.withRegion { (decoded) throws(TamisError) in
            try encode(sliced, grouped, raw, decoded: decoded, digest: digest, report: report)
        }
        // File order keeps the stream independent of how tensors are handled.
        return units.sorted { ($0.tensors.first ?? 0) < ($1.tensors.first ?? 0) }
    }

    private func slicedPlan(_ hole: Int, _ tensor: TensorDescription, _ step: Float) -> Sliced? {
        let rowAxisCount = min(tensor.shape.rank, 1)
        guard let view = MatrixView(tensor.shape, rowAxis: 0, rowAxisCount: rowAxisCount, order: .cOrder) else { return nil }
        let own = statistics[source.holes[hole].tensor]
        let last = Int(tensor.shape.dimensions.last ?? 1)
        let kernel = tensor.shape.rank > 2 ? tensor.shape.dimensions[2...].reduce(1) { $0 * Int($1) } : 1
        var distances: [(first: Int, second: Int)] = []
        let width = tensor.shape.rank > 2 && last > 1 ? last : 2
        if view.columns > width { distances.append((width, view.columns)) }
        if kernel > width { distances.append((width, kernel)) }
        if distances.isEmpty { distances.append((2, 3)) }
        return Sliced(
            hole: hole, quantizer: DeadzoneQuantizer(step: step, deadzone: options.deadzone), view: view, rowAxisCount: UInt8(rowAxisCount),
            magnitudeCode: IndexPlan.magnitudeCode(mean: own.meanMagnitude / Double(step)), signDistances: distances)
    }

    private func encode(
        _ tensors: [Sliced], _ grouped: [Int], _ raw: [Int], decoded: ByteRegion, digest: FileDigester,
        report: @escaping @Sendable (UInt64) -> Void
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
        let surveys = parallelMap(list.count, threads: threads) { _, job in quantizeAndSurvey(work[list[job].tensor], list[job].range, decoded) }
        var merged = sliced.map { ContextSurvey(signDistances: $0.signDistances) }
        for (job, survey) in zip(list, surveys) { merged[job.tensor].add(survey) }
        let surveyed = merged
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

        // Hashing the decoded bytes is one long job; it goes first, beside the coding.
        let slices = Mutex([IndexSliceCoder.Slice?](repeating: nil, count: list.count))
        let digests = Mutex([UInt64](repeating: 0, count: work.count))
        let rawUnits = Mutex([Result<Unit, TamisError>?](repeating: nil, count: raw.count))
        parallelFor(1 + raw.count + work.count + list.count, threads: threads) { _, job in
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
    private func values(_ hole: Int) -> ByteView {
        let start = Int(source.holes[hole].offset)
        return bytes[start..<(start + Int(source.holes[hole].byteCount))]
    }

    /// The tensor's place in the batch's decoded bytes.
    private func place(_ hole: Int) -> Range<Int> {
        let start = Int(source.holes[hole].offset) - range.lowerBound
        return start..<(start + Int(source.holes[hole].byteCount))
    }

    private func quantize(_ hole: Int, _ quantizer: DeadzoneQuantizer, _ range: Range<Int>, into indices: UnsafeMutableBufferPointer<Int32>) {
        unsafe quantizer.quantize(values(hole)[(range.lowerBound * 4)..<(range.upperBound * 4)], into: indices)
    }

    private func quantizeAndSurvey(_ tensor: Sliced, _ range: Range<Int>, _ decoded: ByteRegion) -> ContextSurvey {
        var survey = ContextSurvey(signDistances: tensor.signDistances)
        unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count) { indices in
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { rows in
                unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { columns in
                    unsafe quantize(tensor.hole, tensor.quantizer, range, into: indices)
                    unsafe tensor.quantizer.reconstruction.write(
                        UnsafeBufferPointer(indices), range: range, of: tensor.view, classes: ScaleClasses(), to: decoded[place(tensor.hole)])
                    unsafe ScaleClasses(rows: tensor.rows).fill(rows, range: range, of: tensor.view)
                    unsafe ScaleClasses(columns: tensor.columns).fill(columns, range: range, of: tensor.view)
                    unsafe survey.count(
                        UnsafeBufferPointer(indices), rowClasses: UnsafeBufferPointer(rows), columnClasses: UnsafeBufferPointer(columns),
                        binarization: IndexBinarization(magnitudeCode: tensor.magnitudeCode))
                }
            }
        }
        return survey
    }

    private func encodeSlice(_ tensor: Sliced, _ plan: IndexPlan, _ range: Range<Int>) -> IndexSliceCoder.Slice {
        return unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count) { indices in
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { classes in
                unsafe quantize(tensor.hole, tensor.quantizer, range, into: indices)
                unsafe plan.classes.fill(classes, range: range, of: plan.view)
                var coder = IndexSliceCoder(IndexBinarization(magnitudeCode: plan.coding.magnitudeCode), plan.tools)
                return unsafe coder.encode(UnsafeBufferPointer(indices), classes: UnsafeBufferPointer(classes))
            }
        }
    }

    private func dataUnit(_ tensor: Sliced, _ plan: IndexPlan, _ slices: [IndexSliceCoder.Slice], _ digest: UInt64) throws(TamisError) -> Unit {
        var header = DataUnit()
        header.tensorIndex = UInt64(source.holes[tensor.hole].tensor)
        header.tensorDigest = digest
        header.codingMode = CodingMode.index.rawValue
        header.indexCoding = plan.coding
        var table = SyntaxWriter()
        try header.visit(&table)
        for slice in slices {
            var entry = SliceEntry(codewordBytes: UInt64(slice.codeword.count), rawBytes: UInt64(slice.rawBits.count))
            try entry.visit(&table)
        }
        var parts = [table.writer.bytes, plan.lineClasses]
        for slice in slices {
            parts.append(slice.codeword)
            parts.append(slice.rawBits)
        }
        return Unit(type: .data, tensors: [source.holes[tensor.hole].tensor], parts: parts)
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

    /// Divides small tensors into groups that fill a slice, in ascending order of their numbers within each.
    private func groups(of holes: [Int]) -> [[Int]] {
        var groups: [[Int]] = []
        var own: [Int] = []
        var indices = 0
        var raw = 0
        for hole in holes {
            let count = Int(source.tensors[source.holes[hole].tensor].shape.elementCount)
            var isExact = false
            if case .exact = plans[source.holes[hole].tensor] { isExact = true }
            if !own.isEmpty && (isExact ? raw + Int(source.holes[hole].byteCount) > ModelEncoder.groupRawBytes : indices + count > sliceElements) {
                groups.append(own)
                own = []
                indices = 0
                raw = 0
            }
            own.append(hole)
            if isExact { raw += Int(source.holes[hole].byteCount) } else { indices += count }
        }
        if !own.isEmpty { groups.append(own) }
        return groups.map { $0.sorted { source.holes[$0].tensor < source.holes[$1].tensor } }
    }

    private func encodeGroup(_ holes: [Int], _ decoded: ByteRegion) throws(TamisError) -> Unit {
        var header = GroupUnit()
        var raw: [UInt8] = []
        var indices: [Int32] = []
        var classes: [UInt8] = []
        var digest = XXH64()
        // The coarsest tensor of the group sets the lowest class.
        let codes = holes.map { hole -> Int in
            guard case .quantized(let step) = plans[source.holes[hole].tensor] else { return 0 }
            return Int(IndexPlan.magnitudeCode(mean: statistics[source.holes[hole].tensor].meanMagnitude / Double(step)))
        }
        let quantizedCodes = zip(holes, codes).filter { plans[source.holes[$0.0].tensor].isQuantized }.map(\.1)
        let central = quantizedCodes.isEmpty ? 16 : ((quantizedCodes.min() ?? 0) + (quantizedCodes.max() ?? 0)) / 2
        header.magnitudeCode = UInt8(central)
        for (hole, code) in zip(holes, codes) {
            let place = place(hole)
            var entry = GroupEntry()
            entry.tensorIndex = UInt64(source.holes[hole].tensor)
            if case .quantized(let step) = plans[source.holes[hole].tensor] {
                let quantizer = DeadzoneQuantizer(step: step, deadzone: options.deadzone)
                entry.codingMode = CodingMode.index.rawValue
                entry.grid.step = step
                entry.grid.reconstructionOffset = Int64(quantizer.reconstruction.offset)
                entry.scaleClass = UInt8(min(max(code - central + ScaleClasses.central, 0), 16))
                let count = values(hole).count / 4
                var own = [Int32](repeating: 0, count: count)
                unsafe own.withUnsafeMutableBufferPointer { own in
                    unsafe quantizer.quantize(values(hole), into: own)
                    unsafe quantizer.reconstruction.write(UnsafeBufferPointer(own), to: decoded[place])
                }
                indices += own
                classes += [UInt8](repeating: entry.scaleClass, count: count)
            } else {
                unsafe raw.append(contentsOf: values(hole).buffer)
            }
            unsafe digest.update(decoded[place].view.buffer)
            header.entries.append(entry)
        }
        header.groupDigest = digest.value
        let frame = raw.isEmpty ? [] : try ByteView.of(raw) { (view) throws(TamisError) in try Zstandard.compress(view, level: ModelEncoder.skeletonLevel) }
        header.rawFrameBytes = UInt64(frame.count)
        var slice = IndexSliceCoder.Slice(codeword: [], rawBits: [])
        if !indices.isEmpty {
            var coder = IndexSliceCoder(
                IndexBinarization(magnitudeCode: header.magnitudeCode), IndexSliceTools(adaptationLimit: Int(header.adaptationLimit)))
            slice = unsafe indices.withUnsafeBufferPointer { indices in
                unsafe classes.withUnsafeBufferPointer { classes in unsafe coder.encode(indices, classes: classes) }
            }
        }
        header.codewordBytes = UInt64(slice.codeword.count)
        header.rawBytes = UInt64(slice.rawBits.count)
        return Unit(
            type: .group, tensors: header.entries.map { Int($0.tensorIndex) }, parts: [try header.encoded(), frame, slice.codeword, slice.rawBits])
    }
}

extension TensorPlan {
    var isQuantized: Bool {
        if case .quantized = self { return true }
        return false
    }
}
