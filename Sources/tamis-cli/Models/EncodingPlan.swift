import Tamis
import TamisFiles
import TamisRecipes
import TamisYAML

/// What the encoder is asked to do: the words of the command line over those of a recipe, a table of sensitivities, and measured
/// statistics.
struct EncodingPlan {
    /// Valid as long as the plan exists.
    let options: EncodingOptions
    /// Of the files that it came from, which must not be replaced.
    let identities: [FileIdentity]
    private let recipe: (name: String, content: Recipe)?
    private let sensitivityName: String
    private let statistics: LoadedStatistics?
    /// The target was asked for, and is not the one taken where nothing is.
    private let hasTarget: Bool

    /// - Parameters:
    ///   - flags: what the command line says.
    ///   - recipe: path of a recipe file.
    ///   - sensitivity: path of a table.
    ///   - statistics: path of a file of statistics.
    ///   - shard: the part of the model to encode; nil: all of it.
    init(
        _ flags: Recipe, recipe recipePath: String?, sensitivity sensitivityPath: String?, statistics statisticsPath: String?, shard: Shard?
    ) throws(TamisError) {
        var identities: [FileIdentity] = []
        var recipe: (name: String, content: Recipe)?
        if let recipePath {
            let (bytes, file) = try Self.read(recipePath, limit: Recipe.maximumByteCount)
            recipe = (file.name, try Recipe(bytes, file: file.name))
            identities += [file.identity].compactMap { $0 }
        }
        var sensitivities: [String: Double] = [:]
        var sensitivityName = ""
        if let sensitivityPath {
            let (bytes, file) = try Self.read(sensitivityPath, limit: SensitivityFile.maximumByteCount)
            sensitivities = try SensitivityFile.table(bytes, file: file.name)
            sensitivityName = file.name
            identities += [file.identity].compactMap { $0 }
        }
        var statistics: LoadedStatistics?
        if let statisticsPath {
            let loaded = try LoadedStatistics(statisticsPath)
            statistics = loaded
            identities += [loaded.identity].compactMap { $0 }
        }
        self.recipe = recipe
        self.statistics = statistics
        hasTarget = flags.target != nil || recipe?.content.target != nil
        self.sensitivityName = sensitivityName
        self.identities = identities
        var options = try (recipe?.content ?? Recipe()).overridden(by: flags)
            .options(sensitivities: sensitivities, statistics: statistics?.content)
        options.shard = shard
        self.options = options
    }

    /// - Throws: `invalid_statistics` if there are statistics of another model.
    func requireFit(_ source: SourceModel) throws(TamisError) { try statistics?.content.requireFit(source) }

    /// What of the plan touches no tensor: words of a warning each.
    func idleWords(_ source: SourceModel) -> [String] {
        let names = source.tensors.map(\.name)
        func isIdle(_ pattern: String) -> Bool {
            let glob = Glob(pattern)
            return pattern != "*" && !names.contains(where: glob.matches)
        }
        let advice = "matches no tensor; 'tamis inspect' lists the names"
        var words = options.exclusions.filter(isIdle).map { pattern in
            let isRecipes = recipe?.content.exclusions.contains(pattern) == true
            return "\(isRecipes ? "\(recipe?.name ?? ""): exclude" : "--exclude") '\(pattern)' \(advice)"
        }
        words += options.rules.map(\.pattern).filter(isIdle).map { "\(recipe?.name ?? ""): match '\($0)' \(advice)" }
        let strangers = Set(options.sensitivities.keys).subtracting(names).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        if !strangers.isEmpty {
            let first = strangers.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
            words.append(
                "\(sensitivityName): \(strangers.count) of \(options.sensitivities.count) names match no tensor: \(first)\(strangers.count > 3 ? ", …" : ""); 'tamis inspect' lists the names")
        }
        return words
    }

    /// Words of a warning if there are tensors whose integers do not reach as far as the target asks.
    func boundWords(_ done: EncodingReport) -> String? {
        guard let grid = options.grid, let first = done.boundTensors.first else { return nil }
        let count = done.boundTensors.count
        let subject = count == 1 ? "'\(first)' is" : "\(count) tensors, such as '\(first)', are"
        return "\(subject) coarser than was asked, as \(grid.rawValue) reaches no further at their largest weights; a higher --quality does not help them"
    }

    /// Words of a warning if the target was missed by more than 1 % of the size or 2 % of the error, which is so where quantizers have a
    /// fineness of their own.
    func missedWords(_ done: EncodingReport) -> String? {
        if !hasTarget { return nil }
        let asked, came: String
        switch options.target {
        case .quality(let decibels) where abs(done.quality - decibels) > 0.1:
            (asked, came) = ("a quality of \(Decimal.shortest(decibels)) dB", "\(Decimal.fixed(done.quality, 2)) dB")
        case .snr(let decibels) where abs(done.snr - decibels) > 0.1:
            (asked, came) = ("an SNR of \(Decimal.shortest(decibels)) dB", "\(Decimal.fixed(done.snr, 2)) dB")
        case .size(let bytes) where Double(done.byteCount) < 0.99 * Double(bytes):
            (asked, came) = ("\(Decimal.grouped(bytes)) bytes", "\(Decimal.grouped(done.byteCount)) bytes")
        default: return nil
        }
        return "the target was \(asked), the result has \(came): the quantizers in use go no nearer"
    }

    /// The bytes of a small file, or one byte more than `limit` of a larger one.
    private static func read(_ path: String, limit: Int) throws(TamisError) -> ([UInt8], InputFile) {
        let file = try InputFile(path, limit: UInt64(limit))
        let bytes = try file.withView { (view) throws(TamisError) in view[0..<min(view.count, limit + 1)].array }
        return (bytes, file)
    }
}
