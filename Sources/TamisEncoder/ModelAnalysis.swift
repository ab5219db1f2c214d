import TamisBits
import TamisModel
import TamisQuantization
import TamisThreads

/// Everything about a model's tensors that does not depend on their steps.
struct ModelAnalysis: Sendable {
    /// One for each tensor, in the topology's order.
    let tensors: [TensorWork]

    /// - Parameter sliceElements: elements in a slice.
    init(_ source: SourceModel, bytes: ByteView, options: EncodingOptions, sliceElements: Int, threads: ThreadCount) {
        let statistics = Self.statistics(source, bytes, threads)
        let exclusions = options.exclusions.map { (pattern: $0, glob: Glob($0)) }
        let rules = options.rules.map { (glob: Glob($0.pattern), settings: $0.settings) }
        var places = [Range<Int>](repeating: 0..<0, count: source.tensors.count)
        for hole in source.holes { places[hole.tensor] = Int(hole.offset)..<Int(hole.offset + hole.byteCount) }
        let isFixedStep: Bool
        if case .step = options.target { isFixedStep = true } else { isFixedStep = false }
        let finalPlaces = places
        let feedsErrorsBack = options.feedsErrorsBack
        tensors = parallelMap(source.tensors.count, threads: threads) { _, number in
            let description = source.tensors[number]
            var settings = options.settings
            for rule in rules where rule.glob.matches(description.name) { settings.apply(rule.settings) }
            if let weight = options.sensitivities[description.name], settings.weight == nil { settings.weight = weight }
            let isChosen = rules.contains { $0.glob.matches(description.name) && $0.settings.quantizer != nil }
            let exclusion = exclusions.first { $0.glob.matches(description.name) }?.pattern
            let values = bytes[finalPlaces[number]]
            let count = statistics[number].count
            // Rows are outputs, where these are known.
            let role = source.role(of: number) ?? .other
            let rowAxis = role.outputAxisCount > 0 ? role.outputAxis : 0
            let rowAxisCount = role.outputAxisCount > 0 ? role.outputAxisCount : min(description.shape.rank, 1)
            let view = MatrixView(description.shape, rowAxis: rowAxis, rowAxisCount: rowAxisCount, order: .cOrder)
            let reason =
                Self.exactReason(
                    description, statistics[number], settings, exclusion: exclusion, isAsked: isFixedStep || settings.step != nil || isChosen)
                ?? (view == nil ? "its dimensions are too large" : nil)
            let pruned = reason != nil ? nil : settings.pruning.map { pruning in
                ChangedValues(Pruner(pruning, values: values, shape: description.shape, statistics: statistics[number]), of: values)
            }
            var work = TensorWork(
                number: number, description: description, place: finalPlaces[number], settings: settings, original: values, changed: pruned,
                statistics: statistics[number], valueStatistics: pruned.map { TensorStatistics(of: $0.view) } ?? statistics[number],
                exactReason: reason, isExcluded: exclusion != nil || settings.quantizer == .exact,
                isGrouped: description.shape.elementCount < UInt64(min(ModelEncoder.groupedElements, sliceElements))
                    && settings.quantizer?.needsTable != true
                    // Asked for by name, a small tensor gets its search, in a unit of its own.
                    && !(isChosen && settings.quantizer?.isSearched == true),
                view: view ?? MatrixView(elementCount: count), rowAxis: UInt8(rowAxis), rowAxisCount: UInt8(rowAxisCount))
            if reason == nil, let choice = settings.quantizer, choice.isFixed {
                switch FittedQuantizer.fit(
                    choice, to: work.values, statistics: work.valueStatistics, step: nil, prunedBelow: work.prunedBelow, isPruned: pruned != nil)
                {
                case .success(let fitted): work.fitted = fitted
                case .failure(let refusal): work.exactReason = refusal.description
                }
            }
            if work.exactReason == nil && !work.isGrouped && settings.quantizer?.needsTable != true {
                (work.rows, work.columns) = LineStatistics.classes(of: work.values, view: work.view)
                let follows =
                    options.allocation == .balanced && !isFixedStep && settings.step == nil && work.fitted == nil && description.shape.rank > 2
                if follows && work.rows.contains(where: { $0 != 0 }) { work.rowStepExponent = 1 }
            }
            if feedsErrorsBack && work.exactReason == nil && settings.quantizer?.feedsErrorsBack != false {
                work.coupling = ErrorCoupling(role, description.shape, statistics: options.statistics[description.name])
            }
            return work
        }
    }

    private static func exactReason(
        _ tensor: TensorDescription, _ statistics: TensorStatistics, _ settings: TensorSettings, exclusion: String?, isAsked: Bool
    ) -> String? {
        if let exclusion { return "it is excluded by '\(exclusion)'" }
        if tensor.elementType != .float32 { return "its type is not float32" }
        if statistics.count == 0 { return "it is empty" }
        if !statistics.isFinite { return "it has values that are not finite" }
        if settings.quantizer == .exact { return "its settings say so" }
        if isAsked { return nil }
        if statistics.standardDeviation == 0 { return "all its values are equal" }
        if statistics.count < StepAllocation.fewestQuantized { return "it has fewer than \(StepAllocation.fewestQuantized) values" }
        return nil
    }

    private static func statistics(_ source: SourceModel, _ bytes: ByteView, _ threads: ThreadCount) -> [TensorStatistics] {
        let blockBytes = 1 << 18
        var blocks: [(tensor: Int, range: Range<Int>)] = []
        for hole in source.holes where source.tensors[hole.tensor].elementType == .float32 {
            let start = Int(hole.offset)
            for from in stride(from: 0, to: Int(hole.byteCount), by: blockBytes) {
                blocks.append((hole.tensor, (start + from)..<(start + min(from + blockBytes, Int(hole.byteCount)))))
            }
        }
        let list = blocks
        let parts = parallelMap(list.count, threads: threads) { _, job in TensorStatistics(of: bytes[list[job].range]) }
        var statistics = [TensorStatistics](repeating: TensorStatistics(), count: source.tensors.count)
        for (block, part) in zip(list, parts) { statistics[block.tensor].add(part) }
        return statistics
    }
}
