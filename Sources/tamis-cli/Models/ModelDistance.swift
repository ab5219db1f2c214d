import Tamis
import TamisBits
import TamisModel
import TamisThreads

/// How far a model is from another.
struct ModelDistance: Sendable {
    /// Whether all files are the same, byte for byte.
    let isIdentical: Bool
    /// Tensors that both models have, of the same type and shape in both, in the order of the first.
    let tensors: [TensorDistance]
    /// Names of tensors that both have, but of another type or shape.
    let reshaped: [String]
    let onlyInFirst: [String]
    let onlyInSecond: [String]
    /// Whether all that is not tensors, such as the graph, is the same; it cannot be if the tensors are of other sizes.
    let isRestIdentical: Bool

    /// Over all weights (floating-point tensors of two or more dimensions) together; nil if they are identical.
    var decibels: Double? {
        let weights = tensors.filter(\.isWeight)
        return SignalToNoise.decibels(signal: weights.reduce(0) { $0 + $1.signal }, noise: weights.reduce(0) { $0 + $1.noise })
    }

    /// Over all floating-point tensors.
    var largestError: Double? {
        let errors = tensors.compactMap(\.largestError)
        return errors.contains(where: \.isNaN) ? .nan : errors.max()
    }

    init(_ first: ModelFiles, _ second: ModelFiles, threads: ThreadCount) throws(TamisError) {
        defer { withExtendedLifetime((first, second)) {} }
        try self.init(first.bytes, first.source, second.bytes, second.source, threads)
    }

    private init(_ first: SourceBytes, _ source: SourceModel, _ second: SourceBytes, _ other: SourceModel, _ threads: ThreadCount) throws(TamisError) {
        let places = Dictionary(other.holes.map { (other.tensors[$0.tensor].name, $0) }, uniquingKeysWith: { first, _ in first })
        var pairs: [(TensorDescription, SourceModel.Hole, SourceModel.Hole)] = []
        var reshaped: [String] = []
        var onlyInFirst: [String] = []
        for hole in source.holes {
            let tensor = source.tensors[hole.tensor]
            if let place = places[tensor.name] {
                if other.tensors[place.tensor] == tensor { pairs.append((tensor, hole, place)) } else { reshaped.append(tensor.name) }
            } else {
                onlyInFirst.append(tensor.name)
            }
        }
        let names = Set(source.tensors.map(\.name))
        let list = pairs
        tensors = try parallelMap(list.count, threads: threads) { _, index in
            let (tensor, place, otherPlace) = list[index]
            return TensorDistance(tensor, first[place], second[otherPlace])
        }
        self.reshaped = reshaped
        self.onlyInFirst = onlyInFirst
        onlyInSecond = other.tensors.map(\.name).filter { !names.contains($0) }
        isIdentical = first.files.count == second.files.count && zip(first.files, second.files).allSatisfy { $0.isEqual(to: $1) }
        isRestIdentical = isIdentical || (Self.isLaidOutAlike(source, other) && Self.restIsEqual(first, second, source.holes))
    }

    /// The same tensors are in the same places, whatever the first file is called.
    private static func isLaidOutAlike(_ source: SourceModel, _ other: SourceModel) -> Bool {
        source.tensors == other.tensors && source.holes == other.holes && source.files.map(\.byteCount) == other.files.map(\.byteCount)
            && source.files.dropFirst() == other.files.dropFirst()
    }

    private static func restIsEqual(_ first: SourceBytes, _ second: SourceBytes, _ holes: [SourceModel.Hole]) -> Bool {
        for file in first.files.indices {
            let (a, b) = (first.files[file], second.files[file])
            var end = 0
            for hole in holes where hole.file == file {
                if !a[end..<hole.range.lowerBound].isEqual(to: b[end..<hole.range.lowerBound]) { return false }
                end = hole.range.upperBound
            }
            if !a[end..<a.count].isEqual(to: b[end..<b.count]) { return false }
        }
        return true
    }
}
