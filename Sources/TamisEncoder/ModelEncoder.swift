import Synchronization
import TamisBits
import TamisDigest
import TamisModel
import TamisSyntax
import TamisThreads
import TamisZstd

/// Encodes a model: skeletons of its files, tensors, index.
///
/// The work goes through the files in batches of tensors, so that memory stays at a batch, and the skeleton around it, besides input
/// and output. Within a batch every stage is a list of independent jobs, one per tensor or slice, whose results are placed by
/// number: the bytes do not depend on the threads.
package struct ModelEncoder: Sendable {
    let source: SourceModel
    let bytes: SourceBytes
    private(set) var options: EncodingOptions
    private let threads: ThreadCount
    private let progress: (@Sendable (_ elements: UInt64) -> Void)?

    /// Tensors of fewer elements share group units.
    static let groupedElements = 2048
    /// Decoded bytes of the tensors of a batch, unless one alone has more.
    static let batchBytes = 64 << 20
    /// Bytes of bit-exact tensors in one group.
    static let groupRawBytes = 1 << 20
    /// Up to these bytes the slowest compression takes little time and memory (80 MiB beyond 4 MiB).
    static let smallBytes = 1 << 22
    /// Bytes of a file that are hashed at a time.
    private static let digestBytes = 1 << 24
    static let skeletonLevel = 19
    static let rawLevel = 9

    /// - Parameters:
    ///   - source: how `bytes` divide into skeletons and tensors.
    ///   - progress: called from any thread with the number of elements coded so far.
    package init(
        source: SourceModel, bytes: SourceBytes, options: EncodingOptions, threads: ThreadCount, progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) {
        if source.files.map(\.byteCount) != bytes.files.map({ UInt64($0.count) }) || Set(source.holes.map(\.tensor)).count != source.tensors.count {
            throw TamisError(.invalidArgument, "the encoder takes all files of the model, and a hole for each tensor")
        }
        for (number, file) in source.files.enumerated()
        where !FileEntry.isRelativePath(file.name) || Syntax.hasControlCharacter(file.name) || (number == 0 && file.name.utf8.contains(0x2F)) {
            throw TamisError(
                .invalidArgument, "'\(file.name)' cannot be the name of the decoded file",
                advice: "use a file name of at most \(FileEntry.maximumComponentBytes) bytes without control characters; beside the model also a path of such names")
        }
        if UInt8(exactly: options.sliceElementsLog2).map(ModelParameterSet.sliceElementsLog2Range.contains) != true {
            throw TamisError(.invalidArgument, "the slice size is 2^\(options.sliceElementsLog2), expected 2^4 … 2^20")
        }
        if options.encoderName.utf8.count > 255 || UInt64(options.provenance.utf8.count) > Syntax.maximumTextBytes
            || Syntax.hasControlCharacter(options.encoderName) || Syntax.hasControlCharacter(options.provenance)
        {
            throw TamisError(
                .invalidArgument, "the words about the encoder and its options do not fit the format",
                advice: "use at most 255 and \(Syntax.maximumTextBytes) bytes without control characters; fewer or shorter exclusions help")
        }
        if let problem = options.problem { throw TamisError(.invalidArgument, problem) }
        if let misfit = LayerStatistics.misfit(options.statistics, of: source) {
            throw TamisError(.invalidArgument, "the statistics of '\(misfit.name)' do not fit: \(misfit.problem)")
        }
        self.source = try source.sharingEqualTensors(bytes, threads)
        self.bytes = bytes
        self.options = options
        // The only shard is the whole.
        if options.shard?.count == 1 { self.options.shard = nil }
        self.threads = threads
        self.progress = progress
    }

    /// Writes the stream to `sink`, in order.
    package func encode(to sink: @escaping (ByteView) throws(TamisError) -> Void) throws(TamisError) -> EncodingReport {
        let sliceElements = 1 << options.sliceElementsLog2
        let analysis = try ModelAnalysis(source, bytes: bytes, options: options, sliceElements: sliceElements, threads: threads)
        let allocation = StepAllocation(allocation: options.allocation, profile: EffortProfile.level(options.effort), preservesGain: options.isAboutOutputs)
        let control = RateControl(tensors: analysis.tensors, allocation: allocation, sliceElements: sliceElements, threads: threads)
        switch options.target {
        case .step(let step):
            let fixed = analysis.tensors.map { work in
                var work = work
                if work.settings.step == nil { work.settings.step = step }
                return work
            }
            let control = RateControl(tensors: fixed, allocation: control.allocation, sliceElements: sliceElements, threads: threads)
            let plans = control.plans(scale: 1)
            return try encode(fixed, plans, try control.measure(plansToCode(plans), .full).coders, as: options.shard, to: sink)
        case .lossless:
            let plans = control.plans(scale: 1)
            return try encode(analysis.tensors, plans, [TensorCoder?](repeating: nil, count: plans.count), as: options.shard, to: sink)
        case .quality(let decibels):
            let target = PortableMath.power(decibels: -decibels)
            return try encode(
                analysis.tensors, control, startingAt: control.startingScale(relativeError: target), aim: "a quality of \(decibels) dB", to: sink
            ) { ($0.relativeError - $0.relativeErrorInExcess) / target }
        case .snr(let decibels):
            let target = PortableMath.power(decibels: -decibels)
            return try encode(
                analysis.tensors, control, startingAt: control.startingScale(relativeError: 0.03), aim: "an SNR of \(decibels) dB", to: sink
            ) { $0.energy > 0 ? $0.squaredError / ($0.energy * target) : 0 }
        case .size(let bytes):
            return try encode(analysis.tensors, control, atMost: Double(bytes), tolerance: -0.01...0, to: sink)
        case .bitsPerWeight(let bits):
            if source.floatElementCount == 0 {
                throw TamisError(.invalidArgument, "the model has no floating-point weights to which bits per weight could refer", advice: "ask for a size instead")
            }
            return try encode(analysis.tensors, control, atMost: bits * Double(source.floatElementCount) / 8, tolerance: -0.01...0.01, to: sink)
        }
    }

    /// Writes a stream of a certain distortion: samples tell the scale, and if they were wrong by more than 1 %, the stream itself does.
    ///
    /// - Parameter aim: in words.
    private func encode(
        _ tensors: [TensorWork], _ control: RateControl, startingAt start: Double, aim: String, to sink: @escaping (ByteView) throws(TamisError) -> Void,
        error: @escaping RateControl.Error
    ) throws(TamisError) -> EncodingReport {
        guard var choice = try control.choice(from: start, error: error) else {
            throw TamisError(
                .invalidArgument, "\(aim) cannot be reached: tensors with a quantizer or step of their own are coarser than that by themselves",
                advice: "make these quantizers finer, or ask for less")
        }
        // Of a large model many samples are taken, which tell enough: to within 2 %.
        if source.byteCount > Self.mostBytesTried { return try encode(tensors, choice.plans, choice.coders, as: options.shard, to: sink) }
        var trial = 0
        while true {
            trial += 1
            let (stream, report) = try stream(tensors, choice.plans, choice.coders)
            guard trial < Self.mostTrials, let scale = choice.correctedScale(error: error(report.distortion)) else {
                if let shard = options.shard { return try encode(tensors, choice.plans, choice.coders, as: shard, to: sink) }
                try ByteView.of(stream, sink)
                return report
            }
            let plans = control.plans(scale: scale)
            choice = RateControl.Choice(
                scale: scale, plans: plans, coders: try control.measure(plans, .full).coders, fixed: choice.fixed, follows: choice.follows)
        }
    }

    /// Streams that are made for a distortion.
    private static let mostTrials = 3
    /// Bytes of a model of which a stream is made to see its distortion. Whoever makes a shard of a larger one codes no other.
    private static let mostBytesTried: UInt64 = 1 << 26
    /// Bytes of a model whose stream may be made in memory.
    private static let mostBytesKept: UInt64 = 1 << 30

    /// Writes a stream of about so many bytes: makes streams until one is within the tolerance.
    ///
    /// - Parameter tolerance: by what part of `bytes` the stream may be larger or smaller.
    private func encode(
        _ tensors: [TensorWork], _ control: RateControl, atMost bytes: Double, tolerance: ClosedRange<Double>,
        to sink: @escaping (ByteView) throws(TamisError) -> Void
    ) throws(TamisError) -> EncodingReport {
        var search = SizeSearch(target: bytes, tolerance: tolerance, weights: Double(tensors.reduce(0) { $0 + ($1.exactReason == nil ? $1.elementCount : 0) }))
        try search.start(control)
        while true {
            let plans = control.plans(scale: search.scale)
            let coders = try control.measure(plans, .full).coders
            let keeps = source.byteCount <= Self.mostBytesKept
            let (stream, report) = try stream(tensors, plans, coders, keeps: keeps)
            switch search.judge(byteCount: Int(report.byteCount)) {
            case .again: continue
            case .accepted:
                if !keeps { return try encode(tensors, plans, coders, as: nil, to: sink) }
                try ByteView.of(stream, sink)
                return report
            case .impossible(let reachable):
                throw TamisError(
                    .invalidArgument, "no choice of steps makes \(UInt64(bytes)) bytes: the nearest is \(reachable) bytes",
                    advice: Double(reachable) > bytes
                        ? "ask for that size or more, or exclude fewer tensors" : "ask for that size or less; the tensors are exact already where steps end")
            }
        }
    }

    /// The stream of tensors whose plans are made, in memory.
    ///
    /// - Parameter keeps: false if only the report is wanted.
    private func stream(
        _ tensors: [TensorWork], _ plans: [TensorPlan], _ coders: [TensorCoder?], keeps: Bool = true
    ) throws(TamisError) -> (stream: [UInt8], report: EncodingReport) {
        var stream: [UInt8] = []
        let report = try withoutActuallyEscaping({ (part: ByteView) throws(TamisError) in if keeps { unsafe stream.append(contentsOf: part.buffer) } }) {
            (collect) throws(TamisError) in try encode(tensors, plans, coders, as: nil, to: collect)
        }
        return (stream, report)
    }

    /// Writes the stream of tensors whose plans are made.
    ///
    /// - Parameter shard: the part of the model to write; nil: all of it.
    private func encode(
        _ tensors: [TensorWork], _ plans: [TensorPlan], _ coders: [TensorCoder?], as shard: Shard?,
        to sink: @escaping (ByteView) throws(TamisError) -> Void
    ) throws(TamisError) -> EncodingReport {
        var batches = batches()
        let division = shard.map { ShardDivision(source, batches: batches.map(\.holes), shard: $0) }
        if let division { batches = division.batches.map { batches[$0] } }
        let correction = BiasCorrection(source: source, statistics: options.statistics, sliceElements: 1 << options.sliceElementsLog2, threads: threads)
        // The groups of a batch depend on all its small tensors, whoever has them.
        let tensors = try correction.corrected(
            tensors, plans, coders, for: division.map { _ in Set(batches.flatMap { source.holes[$0.holes].map(\.tensor) }) })
        let coders = coders.map { coder in
            guard var coder, tensors[coder.work.number].isCorrected else { return coder }
            coder.work = tensors[coder.work.number]
            return coder
        }
        let words = TreatmentNote(tensors.map { $0.treatment(plans[$0.number]) }).appended(to: options.provenance)
        var writer = try StreamWriter(sink)
        // The sources' digests come before the tensors in the stream, but take long: they are made while the first batch is coded.
        let sourceDigests = source.files.map { _ in FileDigester() }
        let digests = source.files.map { _ in FileDigester() }
        // What decodes to the files as they were read has their digests.
        let isUnchanged = !plans.contains { $0.quantizer != nil } && !tensors.contains(where: \.isCorrected) && source.files.indices.allSatisfy(bytes.isAsRead)
        let digestSources = { @Sendable in for file in source.files.indices { digest(file, into: sourceDigests[file]) } }
        var tensorUnits = [Int](repeating: 0, count: source.tensors.count)
        var errors = [SquaredError](repeating: SquaredError(), count: source.tensors.count)
        let done = Atomic<UInt64>(source.tensors.indices.reduce(0) { division?.has($1) ?? true ? $0 : $0 + source.tensors[$1].shape.elementCount })
        var isFramed = false
        let firstHoles = firstHoles()
        for batch in batches {
            let placements = batch.holes.map { place in
                let hole = source.holes[place]
                return BatchEncoder.Placement(work: tensors[hole.tensor], range: hole.range, isRepeated: firstHoles[hole.tensor] != place)
            }
            let encoder = BatchEncoder(
                bytes: bytes.files[batch.file], placements: placements, range: batch.range, plans: plans, coders: coders,
                sliceElements: 1 << options.sliceElementsLog2, division: division, threads: threads)
            let isFirst = !isFramed
            let result = try encoder.encode(digest: isUnchanged || shard != nil ? nil : digests[batch.file], beside: { if isFirst { digestSources() } }) { elements in
                let before = done.wrappingAdd(elements, ordering: .relaxed).oldValue
                progress?(before + elements)
            }
            if isFirst { try writeFrame(&writer, words, sourceDigests: sourceDigests.map(\.value), shard) }
            isFramed = true
            for unit in result.units {
                for tensor in unit.tensors { tensorUnits[tensor] = writer.units.count }
                try writer.unit(unit.type, unit.parts)
            }
            for (tensor, error) in result.errors { errors[tensor] = error }
            bytes.release(batch.range, of: batch.file)
        }
        if !isFramed {
            digestSources()
            try writeFrame(&writer, words, sourceDigests: sourceDigests.map(\.value), shard)
        }
        // Who makes one shard does not see the decoded files.
        try writer.finish(tensorUnits: tensorUnits, digests: shard == nil ? (isUnchanged ? sourceDigests : digests).map(\.value) : [])
        var distortion = Distortion()
        for work in tensors where division?.has(work.number) ?? true {
            distortion.addEnergy(work)
            if plans[work.number].quantizer != nil { distortion.add(work, excess: plans[work.number].excess, errors[work.number]) }
        }
        let atBound = tensors.filter { plans[$0.number].excess > 1 }
        return EncodingReport(plans: plans, tensors: source.tensors, boundTensors: atBound.map(\.description.name), byteCount: writer.byteCount, distortion: distortion)
    }

    /// Takes in all of a file, part by part.
    private func digest(_ file: Int, into digester: FileDigester) {
        let all = bytes.asRead(file)
        for start in stride(from: 0, to: all.count, by: Self.digestBytes) where !threads.isCancelled {
            let range = start..<min(start + Self.digestBytes, all.count)
            digester.update(all[range])
            bytes.release(range, of: file)
        }
    }
}
