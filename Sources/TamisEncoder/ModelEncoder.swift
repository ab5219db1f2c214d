import Synchronization
import TamisBits
import TamisDigest
import TamisModel
import TamisSyntax
import TamisThreads
import TamisZstd

/// Encodes one model file: skeleton, tensors, index.
///
/// The work goes through the file in batches of tensors, so that memory stays at a batch, and the skeleton around it, besides input
/// and output. Within a batch every stage is a list of independent jobs, one per tensor or slice, whose results are placed by
/// number: the bytes do not depend on the threads.
package struct ModelEncoder: Sendable {
    private let source: SourceModel
    private let bytes: ByteView
    private let fileName: String
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
    static let skeletonLevel = 19
    static let rawLevel = 9

    /// - Parameters:
    ///   - source: how `bytes` divide into skeleton and tensors; one hole per tensor.
    ///   - fileName: kept as the decoded file's name.
    ///   - progress: called from any thread with the number of elements coded so far.
    package init(
        source: SourceModel, bytes: ByteView, fileName: String, options: EncodingOptions, threads: ThreadCount,
        progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) {
        if source.holes.count != source.tensors.count || Set(source.holes.map(\.tensor)).count != source.tensors.count {
            throw TamisError(.invalidArgument, "the encoder takes one hole per tensor")
        }
        if !FileEntry.isPlainName(fileName) || UInt64(fileName.utf8.count) > FileEntry.maximumNameBytes || Syntax.hasControlCharacter(fileName) {
            throw TamisError(
                .invalidArgument, "'\(fileName)' cannot be the name of the decoded file",
                advice: "use one path component of at most \(FileEntry.maximumNameBytes) bytes without control characters")
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
        self.source = source
        self.bytes = bytes
        self.fileName = fileName
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
            let (stream, report) = try stream(tensors, plans, control.measure(plans, .full).coders)
            switch search.judge(byteCount: stream.count) {
            case .again: continue
            case .accepted:
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
    private func stream(
        _ tensors: [TensorWork], _ plans: [TensorPlan], _ coders: [TensorCoder?]
    ) throws(TamisError) -> (stream: [UInt8], report: EncodingReport) {
        var stream: [UInt8] = []
        let report = try withoutActuallyEscaping({ (part: ByteView) throws(TamisError) in unsafe stream.append(contentsOf: part.buffer) }) {
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
        // The source's digest comes before the tensors in the stream, but takes long: it is made while the first batch is coded.
        let sourceDigest = FileDigester()
        let digest = FileDigester()
        if source.holes.isEmpty {
            sourceDigest.update(bytes)
            digest.update(bytes)
            try writeFrame(&writer, words, sourceDigest: sourceDigest.value)
        }
        var tensorUnits = [Int](repeating: 0, count: source.tensors.count)
        var errors = [SquaredError](repeating: SquaredError(), count: source.tensors.count)
        let done = Atomic<UInt64>(0)
        var end: UInt64 = 0
        for batch in batches() {
            let start = end
            end = batch.upperBound == source.holes.count ? UInt64(bytes.count) : source.holes[batch.upperBound].offset
            let encoder = BatchEncoder(
                bytes: bytes, tensors: source.holes[batch].map { tensors[$0.tensor] }, range: Int(start)..<Int(end), plans: plans, coders: coders,
                sliceElements: 1 << options.sliceElementsLog2, threads: threads)
            let isFirst = batch.lowerBound == 0
            let result = try encoder.encode(digest: digest, beside: { if isFirst { sourceDigest.update(bytes) } }) { elements in
                let before = done.wrappingAdd(elements, ordering: .relaxed).oldValue
                progress?(before + elements)
            }
            if isFirst { try writeFrame(&writer, words, sourceDigest: sourceDigest.value) }
            for unit in result.units {
                for tensor in unit.tensors { tensorUnits[tensor] = writer.units.count }
                try writer.unit(unit.type, unit.parts)
            }
            for (tensor, error) in result.errors { errors[tensor] = error }
        }
        try writer.finish(tensorUnits: tensorUnits, digests: [digest.value])
        var distortion = Distortion()
        for work in tensors {
            distortion.addEnergy(work)
            if plans[work.number].quantizer != nil { distortion.add(work, errors[work.number]) }
        }
        return EncodingReport(plans: plans, tensors: source.tensors, byteCount: writer.byteCount, distortion: distortion)
    }

    /// Start unit, parameter set, topology and skeleton.
    ///
    /// - Parameter words: about how the stream is made.
    private func writeFrame(_ writer: inout StreamWriter, _ words: String, sourceDigest: [UInt8]) throws(TamisError) {
        var topology = TopologyBody()
        var file = FileEntry()
        file.name = fileName
        topology.tensors = source.tensors.map(TensorEntry.init)
        var skeleton: [UInt8] = []
        var end = 0
        for hole in source.holes {
            var entry = HoleEntry()
            entry.gapBytes = hole.offset - UInt64(end)
            entry.tensorIndex = UInt64(hole.tensor)
            topology.holes.append(entry)
            unsafe skeleton.append(contentsOf: bytes[end..<Int(hole.offset)].buffer)
            end = Int(hole.offset + hole.byteCount)
        }
        unsafe skeleton.append(contentsOf: bytes[end..<bytes.count].buffer)
        file.skeletonBytes = UInt64(skeleton.count)
        topology.files = [file]
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
        parameters.sources = [SourceFile(byteCount: UInt64(bytes.count), sha256: sourceDigest)]
        try writer.unit(.start, [start.encoded()])
        try writer.unit(.modelParameterSet, [parameters.encoded()])
        try writer.unit(.topology, [header.encoded(), Self.compress(body)])
        try writer.unit(.skeleton, [SkeletonUnit().encoded(), Self.compress(skeleton)])
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
                && UInt64(bytes.count) <= level.outputBytes && UInt64(source.tensors.count) + 8 <= level.units
                && source.tensors.allSatisfy {
                    $0.shape.elementCount <= level.elements && $0.shape.rank <= level.rank && $0.name.utf8.count <= level.nameBytes
                }
            if fits { return level }
        }
        throw TamisError(.limitExceeded, "the model is larger than the largest level of the format allows")
    }

    /// Runs of holes.
    private func batches() -> [Range<Int>] {
        var batches: [Range<Int>] = []
        var start = 0
        var size = 0
        for (number, hole) in source.holes.enumerated() {
            if size > 0 && size + Int(hole.byteCount) > Self.batchBytes {
                batches.append(start..<number)
                start = number
                size = 0
            }
            size += Int(hole.byteCount)
        }
        if start < source.holes.count { batches.append(start..<source.holes.count) }
        return batches
    }
}
