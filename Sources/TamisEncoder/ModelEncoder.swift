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
    private let source: SourceModel
    private let bytes: SourceBytes
    private let options: EncodingOptions
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
        self.source = source.sharingEqualTensors(bytes, threads)
        self.bytes = bytes
        self.options = options
        self.threads = threads
        self.progress = progress
    }

    /// Writes the stream to `sink`, in order.
    package func encode(to sink: @escaping (ByteView) throws(TamisError) -> Void) throws(TamisError) -> EncodingReport {
        let sliceElements = 1 << options.sliceElementsLog2
        let analysis = ModelAnalysis(source, bytes: bytes, options: options, sliceElements: sliceElements, threads: threads)
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
            return try encode(fixed, plans, control.measure(plans, .full).coders, to: sink)
        case .lossless:
            let plans = control.plans(scale: 1)
            return try encode(analysis.tensors, plans, [TensorCoder?](repeating: nil, count: plans.count), to: sink)
        case .quality(let decibels):
            let target = PortableMath.power(decibels: -decibels)
            return try encode(
                analysis.tensors, control, startingAt: control.startingScale(relativeError: target), aim: "a quality of \(decibels) dB", to: sink
            ) { $0.relativeError / target }
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
        guard var choice = control.choice(from: start, error: error) else {
            throw TamisError(
                .invalidArgument, "\(aim) cannot be reached: tensors with a quantizer or step of their own are coarser than that by themselves",
                advice: "make these quantizers finer, or ask for less")
        }
        // Of a large model many samples are taken, which tell enough, and a stream to try would not fit the memory.
        if source.byteCount > Self.mostBytesTried { return try encode(tensors, choice.plans, choice.coders, to: sink) }
        var trial = 0
        while true {
            trial += 1
            let (stream, report) = try stream(tensors, choice.plans, choice.coders)
            guard trial < Self.mostTrials, let scale = choice.correctedScale(error: error(report.distortion)) else {
                try ByteView.of(stream, sink)
                return report
            }
            let plans = control.plans(scale: scale)
            choice = RateControl.Choice(
                scale: scale, plans: plans, coders: control.measure(plans, .full).coders, fixed: choice.fixed, follows: choice.follows)
        }
    }

    /// Streams that are made for a distortion.
    private static let mostTrials = 3
    /// Bytes of a model whose stream may be made in memory.
    private static let mostBytesTried: UInt64 = 1 << 30

    /// Writes a stream of about so many bytes: makes streams until one is within the tolerance.
    ///
    /// - Parameter tolerance: by what part of `bytes` the stream may be larger or smaller.
    private func encode(
        _ tensors: [TensorWork], _ control: RateControl, atMost bytes: Double, tolerance: ClosedRange<Double>,
        to sink: @escaping (ByteView) throws(TamisError) -> Void
    ) throws(TamisError) -> EncodingReport {
        var search = SizeSearch(target: bytes, tolerance: tolerance, weights: Double(tensors.reduce(0) { $0 + ($1.exactReason == nil ? $1.elementCount : 0) }))
        search.start(control)
        while true {
            let plans = control.plans(scale: search.scale)
            let coders = control.measure(plans, .full).coders
            let keeps = source.byteCount <= Self.mostBytesTried
            let (stream, report) = try stream(tensors, plans, coders, keeps: keeps)
            switch search.judge(byteCount: Int(report.byteCount)) {
            case .again: continue
            case .accepted:
                if !keeps { return try encode(tensors, plans, coders, to: sink) }
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
            (collect) throws(TamisError) in try encode(tensors, plans, coders, to: collect)
        }
        return (stream, report)
    }

    /// Writes the stream of tensors whose plans are made.
    private func encode(
        _ tensors: [TensorWork], _ plans: [TensorPlan], _ coders: [TensorCoder?], to sink: @escaping (ByteView) throws(TamisError) -> Void
    ) throws(TamisError) -> EncodingReport {
        let correction = BiasCorrection(source: source, statistics: options.statistics, sliceElements: 1 << options.sliceElementsLog2, threads: threads)
        let tensors = correction.corrected(tensors, plans, coders)
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
        let done = Atomic<UInt64>(0)
        var isFramed = false
        var isCoded = [Bool](repeating: false, count: source.tensors.count)
        for batch in batches() {
            let placements = source.holes[batch.holes].map { hole in
                defer { isCoded[hole.tensor] = true }
                return BatchEncoder.Placement(work: tensors[hole.tensor], range: hole.range, isRepeated: isCoded[hole.tensor])
            }
            let encoder = BatchEncoder(
                bytes: bytes.files[batch.file], placements: placements, range: batch.range, plans: plans, coders: coders,
                sliceElements: 1 << options.sliceElementsLog2, threads: threads)
            let isFirst = !isFramed
            let result = try encoder.encode(digest: isUnchanged ? nil : digests[batch.file], beside: { if isFirst { digestSources() } }) { elements in
                let before = done.wrappingAdd(elements, ordering: .relaxed).oldValue
                progress?(before + elements)
            }
            if isFirst { try writeFrame(&writer, words, sourceDigests: sourceDigests.map(\.value)) }
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
            try writeFrame(&writer, words, sourceDigests: sourceDigests.map(\.value))
        }
        try writer.finish(tensorUnits: tensorUnits, digests: (isUnchanged ? sourceDigests : digests).map(\.value))
        var distortion = Distortion()
        for work in tensors {
            distortion.addEnergy(work)
            if plans[work.number].quantizer != nil { distortion.add(work, errors[work.number]) }
        }
        return EncodingReport(plans: plans, tensors: source.tensors, byteCount: writer.byteCount, distortion: distortion)
    }

    /// Takes in all of a file, part by part.
    private func digest(_ file: Int, into digester: FileDigester) {
        let all = bytes.asRead(file)
        for start in stride(from: 0, to: all.count, by: Self.digestBytes) {
            let range = start..<min(start + Self.digestBytes, all.count)
            digester.update(all[range])
            bytes.release(range, of: file)
        }
    }

    /// Start unit, parameter set, topology and skeletons.
    ///
    /// - Parameter words: about how the stream is made.
    private func writeFrame(_ writer: inout StreamWriter, _ words: String, sourceDigests: [[UInt8]]) throws(TamisError) {
        var topology = TopologyBody()
        topology.tensors = source.tensors.map(TensorEntry.init)
        topology.aliases = source.aliases.map { TensorAlias(name: $0.name, tensor: $0.tensor) }
        topology.files = source.files.map { file in
            var entry = FileEntry()
            entry.name = file.name
            return entry
        }
        var skeletons = source.files.map { _ in [UInt8]() }
        var ends = source.files.map { _ in 0 }
        for hole in source.holes {
            let gap = ends[hole.file]..<hole.range.lowerBound
            var entry = HoleEntry()
            entry.fileIndex = UInt64(hole.file)
            entry.gapBytes = UInt64(gap.count)
            entry.tensorIndex = UInt64(hole.tensor)
            topology.holes.append(entry)
            unsafe skeletons[hole.file].append(contentsOf: bytes.files[hole.file][gap].buffer)
            ends[hole.file] = hole.range.upperBound
        }
        for (file, all) in bytes.files.enumerated() {
            unsafe skeletons[file].append(contentsOf: all[ends[file]..<all.count].buffer)
            topology.files[file].skeletonBytes = UInt64(skeletons[file].count)
        }
        let body = try topology.encoded()
        var header = TopologyUnit()
        header.bodyBytes = UInt64(body.count)

        var start = StartUnit()
        start.level = try level(topologyBytes: body.count).number
        var parameters = ModelParameterSet()
        parameters.sliceElementsLog2 = UInt8(options.sliceElementsLog2)
        parameters.encoderName = options.encoderName
        parameters.encoderOptions = words
        parameters.sourceFormat = source.format
        parameters.sourceFloatElements = source.floatElementCount
        parameters.sources = sourceDigests.enumerated().map { SourceFile(byteCount: UInt64(bytes.asRead($0).count), sha256: $1) }
        try writer.unit(.start, [start.encoded()])
        try writer.unit(.modelParameterSet, [parameters.encoded()])
        try writer.unit(.topology, [header.encoded(), Self.compress(body)])
        for (file, bytes) in skeletons.enumerated() {
            var skeleton = SkeletonUnit()
            skeleton.fileIndex = UInt64(file)
            try writer.unit(.skeleton, [skeleton.encoded(), Self.compress(bytes)])
        }
    }

    private static func compress(_ bytes: [UInt8]) throws(TamisError) -> [UInt8] {
        try ByteView.of(bytes) { (view) throws(TamisError) in
            try Zstandard.compress(view, level: bytes.count > smallBytes ? rawLevel : skeletonLevel)
        }
    }

    /// The lowest level, from the standard one up, that allows the model.
    private func level(topologyBytes: Int) throws(TamisError) -> Level {
        for level in Level.all.dropFirst() {
            let fits =
                UInt64(source.tensors.count) <= level.tensors && UInt64(topologyBytes) <= level.topologyBytes
                && UInt64(source.holes.count) <= level.holes && UInt64(source.files.count) <= level.files
                && source.byteCount <= level.outputBytes && UInt64(source.tensors.count + source.files.count) + 8 <= level.units
                && source.tensors.allSatisfy {
                    $0.shape.elementCount <= level.elements && $0.shape.rank <= level.rank && $0.name.utf8.count <= level.nameBytes
                }
            if fits { return level }
        }
        throw TamisError(.limitExceeded, "the model is larger than the largest level of the format allows")
    }

    /// Neighbouring holes of a file, and the skeleton before them; behind the last ones, also the skeleton to the file's end.
    private struct Batch {
        let file: Int
        let holes: Range<Int>
        let range: Range<Int>
    }

    private func batches() -> [Batch] {
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
}
