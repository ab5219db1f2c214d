import TamisBits
import TamisModel
import TamisThreads

/// One run through a list of pieces, see `DecodingPlan.decode(_:batchBytes:threads:verifiesFiles:memory:progress:to:)`.
///
/// While a batch is decoded, the same threads compare the digests of the batch before, which is then handed on.
struct PieceDecoder {
    private let plan: DecodingPlan
    private let pieces: [FilePiece]
    private let batchBytes: Int
    private let threads: ThreadCount
    private let verifiesFiles: Bool
    private let source: MemorySource
    private let meter: ProgressMeter
    private let files: FileDigestChecker
    private var reader: PieceReader
    /// What a batch had no more room for.
    private var rest: PieceReader.Run?
    private var budget: WorkBudget
    private var memory: BatchMemory
    private var kept = KeptUnits()
    private var doneBytes: UInt64 = 0

    init(
        _ plan: DecodingPlan, _ pieces: [FilePiece], batchBytes: Int, threads: ThreadCount, verifiesFiles: Bool, source: @escaping MemorySource,
        meter: ProgressMeter
    ) throws(TamisError) {
        self.plan = plan
        self.pieces = pieces
        self.batchBytes = batchBytes
        self.threads = threads
        self.verifiesFiles = verifiesFiles
        self.source = source
        self.meter = meter
        files = FileDigestChecker(plan.stream)
        reader = try PieceReader(pieces, of: plan.stream.topology)
        let byteCount = pieces.byteCount
        budget = WorkBudget(plan.stream, pieceBytes: byteCount)
        let largest = plan.stream.topology.tensors.reduce(0) { max($0, Int(clamping: $1.byteCount ?? 0)) }
        memory = BatchMemory(batchBytes: min(batchBytes, Int(clamping: byteCount)), largest: largest, from: source)
    }

    mutating func decode(to sink: (ByteView) throws(TamisError) -> Void) throws(TamisError) {
        var waiting: DecodedBatch?
        while let batch = nextBatch() {
            kept.makeRoom(using: batch.kept, lastSkeleton: batch.lastSkeleton)
            if let before = waiting, !memory.hasRoom(for: batch.byteCount) {
                try firstError(before.checkCount, threads) { [files] number throws(TamisError) in try before.check(number, files) }
                try handOn(before, to: sink)
                waiting = nil
            }
            let next = try decode(batch, whileChecking: waiting)
            if let waiting { try handOn(waiting, to: sink) }
            waiting = next
        }
        if let last = waiting {
            try firstError(last.checkCount, threads) { [files] number throws(TamisError) in try last.check(number, files) }
            try handOn(last, to: sink)
        }
    }

    private mutating func handOn(_ batch: DecodedBatch, to sink: (ByteView) throws(TamisError) -> Void) throws(TamisError) {
        if batch.byteCount > 0 { try sink(batch.bytes) }
        memory.putBack(batch.block)
    }

    /// The next batch, or nil behind the last one.
    private mutating func nextBatch() -> DecodingBatch? {
        var batch = DecodingBatch(limit: batchBytes)
        while let run = rest ?? reader.read() {
            rest = batch.take(run, kept, plan)
            if rest != nil { return batch }
        }
        return batch.isEmpty ? nil : batch
    }

    /// Decodes a batch, and checks the one before, if there is one that waits.
    private mutating func decode(_ batch: DecodingBatch, whileChecking before: DecodedBatch?) throws(TamisError) -> DecodedBatch {
        let block = try memory.take(batch.byteCount)
        var jobs = UnitJobs(sliceElements: plan.stream.sliceElements, givingBack: plan.giveBack)
        var units: [StreamUnit] = []
        var aside: [(key: KeptUnits.Key, memory: any WorkingMemory)] = []
        var asideTensors: [DecodedBatch.Tensor] = []
        var tensors: [DecodedBatch.Tensor] = []
        for key in batch.missing {
            let size: Int
            let unit: StreamUnit
            switch key {
            case .skeleton(let file): (size, unit) = (Int(plan.stream.topology.files[file].skeletonBytes), plan.skeletons[file].unit)
            case .coded(let number): (size, unit) = (plan.coded[number].byteCount, plan.coded[number].unit)
            }
            try budget.spend(reading: unit, decoding: size)
            // A group is never larger; most skeletons are not.
            let own = size <= CodedGroup.mostBytes ? HeapMemory(byteCount: size) : try source(UInt64(size))
            let region = own.region[0..<size]
            switch key {
            case .skeleton(let file): jobs.add(unit, .skeleton(plan.skeletons[file].frame, region), weight: 0)
            case .coded(let number):
                switch plan.coded[number].content {
                case .group(let group): jobs.add(unit, .group(group, region), weight: 0)
                case .tensor(let tensor):
                    jobs.add(unit, .tensor(tensor, region), weight: 0)
                    asideTensors.append(DecodedBatch.Tensor(unit: unit, tensor: tensor, bytes: region.view))
                }
            }
            units.append(unit)
            aside.append((key, own))
        }
        for (number, offset) in batch.tensors {
            let coded = plan.coded[plan.unitOfTensor[number]]
            guard case .tensor(let tensor) = coded.content else { continue }
            try budget.spend(reading: coded.unit, decoding: coded.byteCount)
            let region = block.region[offset..<(offset + coded.byteCount)]
            jobs.add(coded.unit, .tensor(tensor, region), weight: UInt64(coded.byteCount))
            tensors.append(DecodedBatch.Tensor(unit: coded.unit, tensor: tensor, bytes: region.view))
            units.append(coded.unit)
        }
        try jobs.run(
            threads: threads, leadingCount: before?.checkCount ?? 0,
            leading: { [files] number throws(TamisError) in try before?.check(number, files) }, report: { [meter] in meter.add($0) })
        // Parts of these go on before the rest of the tensor has been asked for.
        let decoded = asideTensors
        try firstError(decoded.count, threads) { number throws(TamisError) in try decoded[number].check() }
        for (key, own) in aside { kept.insert(key, own) }
        try copy(batch.copies, to: block.region)
        giveBack(units)
        doneBytes += UInt64(batch.byteCount)
        meter.reach(doneBytes)
        return DecodedBatch(block: block, byteCount: batch.byteCount, digestSteps: verifiesFiles ? batch.digestSteps : [], tensors: tensors)
    }

    private func copy(_ copies: [DecodingBatch.Copy], to output: ByteRegion) throws(TamisError) {
        let (pieces, kept) = (pieces, kept)
        try parallelFor(copies.count, threads: threads) { _, number in
            let target = output[copies[number].target]
            switch copies[number].origin {
            case .zeros: target.clear()
            case .batch(let offset): target.copy(from: output[offset..<(offset + target.count)].view)
            case .kept(let key, let offset): if let source = kept[key] { target.copy(from: source[offset..<(offset + target.count)]) }
            case .literal(let piece, let offset):
                if case .bytes(let bytes) = pieces[piece] { bytes.withView { target.copy(from: $0[offset..<(offset + target.count)]) } }
            }
        }
    }

    /// Gives back the stream's bytes of units, neighbours together.
    private func giveBack(_ units: [StreamUnit]) {
        guard let giveBack = plan.giveBack else { return }
        var run: Range<Int>?
        for unit in units.sorted(by: { $0.number < $1.number }) {
            if let before = run, before.upperBound == unit.range.lowerBound {
                run = before.lowerBound..<unit.range.upperBound
            } else {
                if let run { giveBack(run) }
                run = unit.range
            }
        }
        if let run { giveBack(run) }
    }
}

extension ByteRegion {
    /// Makes all bytes 0.
    fileprivate func clear() { unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0) }
}
