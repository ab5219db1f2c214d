import TamisBits
import TamisModel
import TamisQuantization
import TamisThreads

/// Everything about a model's tensors that does not depend on their steps.
struct ModelAnalysis: Sendable {
    /// One for each tensor, in the topology's order.
    let tensors: [TensorWork]

    /// - Parameter sliceElements: elements in a slice.
    init(_ source: SourceModel, bytes: SourceBytes, options: EncodingOptions, sliceElements: Int, threads: ThreadCount) throws(TamisError) {
        // What is kept as it is needs no statistics.
        let statistics =
            options.target == .lossless
            ? [TensorStatistics](repeating: TensorStatistics(), count: source.tensors.count) : try Self.statistics(source, bytes, threads)
        let exclusions = options.exclusions.map { (pattern: $0, glob: Glob($0)) }
        let rules = options.rules.map { (glob: Glob($0.pattern), settings: $0.settings) }
        let holes = Self.firstHoles(source)
        var names = source.tensors.map { [$0.name] }
        for alias in source.aliases { names[alias.tensor].append(alias.name) }
        let allNames = names
        let isLossless = options.target == .lossless
        let isFixedStep: Bool
        if case .step = options.target { isFixedStep = true } else { isFixedStep = false }
        let feedsErrorsBack = options.feedsErrorsBack
        let isHasty = EffortProfile.level(options.effort).isHasty
        tensors = try parallelMap(source.tensors.count, threads: threads) { _, number in
            let description = source.tensors[number]
            let names = allNames[number]
            func isMatched(_ glob: Glob) -> Bool { names.contains(where: glob.matches) }
            var settings = options.settings
            for rule in rules where isMatched(rule.glob) { settings.apply(rule.settings) }
            if let weight = names.lazy.compactMap({ options.sensitivities[$0] }).first, settings.weight == nil { settings.weight = weight }
            let isChosen = rules.contains { isMatched($0.glob) && $0.settings.quantizer != nil }
            let exclusion = exclusions.first { isMatched($0.glob) }?.pattern
            // Rows are outputs, where these are known.
            let role = source.role(of: number) ?? .other
            let rowAxis = role.outputAxisCount > 0 ? role.outputAxis : 0
            let rowAxisCount = role.outputAxisCount > 0 ? role.outputAxisCount : min(description.shape.rank, 1)
            let view = MatrixView(description.shape, rowAxis: rowAxis, rowAxisCount: rowAxisCount, order: .cOrder)
            let reason =
                (isLossless ? "all tensors are kept" : nil)
                ?? Self.exactReason(
                    description, statistics[number], settings, exclusion: exclusion, isAsked: isFixedStep || settings.step != nil || isChosen)
                ?? (view == nil ? "its dimensions are too large" : nil)
            var work = TensorWork(
                number: number, description: description, settings: settings, original: bytes[holes[number]], release: { bytes.release(holes[number]) }, statistics: statistics[number],
                isExcluded: exclusion != nil || settings.quantizer == .exact,
                isGrouped: description.shape.elementCount < UInt64(min(ModelEncoder.groupedElements, sliceElements))
                    && settings.quantizer?.needsTable != true
                    // Asked for by name, a small tensor gets its search, in a unit of its own.
                    && !(isChosen && settings.quantizer?.isSearched == true),
                view: view ?? MatrixView(elementCount: Int(clamping: description.shape.elementCount)), rowAxis: UInt8(rowAxis), rowAxisCount: UInt8(rowAxisCount))
            work.exactReason = reason
            if reason != nil { return work }
            defer { work.release() }
            work = work.loaded()
            if let pruning = settings.pruning { work = work.pruned(pruning) }
            if let choice = settings.quantizer, choice.isFixed {
                switch FittedQuantizer.fit(
                    choice, to: work.values, statistics: work.valueStatistics, step: nil, prunedBelow: work.prunedBelow, isPruned: work.changed != nil)
                {
                case .success(let fitted): work.fitted = fitted
                case .failure(let refusal): work.exactReason = refusal.description
                }
            }
            if work.exactReason == nil && !work.isGrouped && settings.quantizer?.needsTable != true {
                (work.rows, work.columns) =
                    isHasty
                    ? LineStatistics.hastyClasses(of: work.values, view: work.view, largest: work.valueStatistics.largestMagnitude)
                    : LineStatistics.classes(of: work.values, view: work.view)
                let follows =
                    options.allocation == .balanced && !isFixedStep && settings.step == nil && work.fitted == nil && description.shape.rank > 2
                if follows && work.rows.contains(where: { $0 != 0 }) { work.rowStepExponent = 1 }
            }
            if let grid = options.grid, work.exactReason == nil, !work.isGrouped, description.shape.rank > 1, settings.quantizer?.needsTable != true, work.fitted == nil {
                work.bound = (grid.mostSteps, work.largestRowMagnitude)
            }
            if feedsErrorsBack && work.exactReason == nil && settings.quantizer?.feedsErrorsBack != false {
                work.coupling = ErrorCoupling(role, description.shape, statistics: names.lazy.compactMap { options.statistics[$0] }.first)
            }
            return work.unloaded()
        }
    }

    /// Where each tensor lies first.
    private static func firstHoles(_ source: SourceModel) -> [SourceModel.Hole] {
        var first = [SourceModel.Hole?](repeating: nil, count: source.tensors.count)
        for hole in source.holes where first[hole.tensor] == nil { first[hole.tensor] = hole }
        return first.compactMap { $0 }
    }

    private static func exactReason(
        _ tensor: TensorDescription, _ statistics: TensorStatistics, _ settings: TensorSettings, exclusion: String?, isAsked: Bool
    ) -> String? {
        if let exclusion { return "it is excluded by '\(exclusion)'" }
        if !tensor.elementType.isQuantizable { return "its type is \(tensor.elementType.name)" }
        if statistics.count == 0 { return "it is empty" }
        if !statistics.isFinite { return "it has values that are not finite" }
        if settings.quantizer == .exact { return "its settings say so" }
        if isAsked { return nil }
        if statistics.standardDeviation == 0 { return "all its values are equal" }
        if statistics.count < StepAllocation.fewestQuantized { return "it has fewer than \(StepAllocation.fewestQuantized) values" }
        return nil
    }

    private static func statistics(_ source: SourceModel, _ bytes: SourceBytes, _ threads: ThreadCount) throws(TamisError) -> [TensorStatistics] {
        let blockBytes = 1 << 18
        var blocks: [(tensor: Int, file: Int, range: Range<Int>)] = []
        for hole in firstHoles(source) where source.tensors[hole.tensor].elementType.isQuantizable {
            let range = hole.range
            for from in stride(from: range.lowerBound, to: range.upperBound, by: blockBytes) {
                blocks.append((hole.tensor, hole.file, from..<min(from + blockBytes, range.upperBound)))
            }
        }
        let list = blocks
        let parts = try parallelMap(list.count, threads: threads) { _, job in
            let block = list[job]
            defer { bytes.release(block.range, of: block.file) }
            return TensorStatistics(of: bytes.files[block.file][block.range], type: source.tensors[block.tensor].elementType)
        }
        var statistics = [TensorStatistics](repeating: TensorStatistics(), count: source.tensors.count)
        for (block, part) in zip(list, parts) { statistics[block.tensor].add(part) }
        return statistics
    }
}
