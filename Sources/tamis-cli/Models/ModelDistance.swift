import TamisBits
import TamisModel
import TamisThreads

/// How far a model is from another.
struct ModelDistance: Sendable {
    /// Whether the files are the same, byte for byte.
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

    init(_ first: LoadedModel, _ second: LoadedModel, threads: ThreadCount) throws(TamisError) {
        self = try first.withBytes { (a) throws(TamisError) in
            try second.withBytes { (b) throws(TamisError) in ModelDistance(a, first.source, b, second.source, threads) }
        }
    }

    private init(_ first: ByteView, _ source: SourceModel, _ second: ByteView, _ other: SourceModel, _ threads: ThreadCount) {
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
        tensors = parallelMap(list.count, threads: threads) { _, index in
            let (tensor, place, otherPlace) = list[index]
            return TensorDistance(tensor, first[place.range], second[otherPlace.range])
        }
        self.reshaped = reshaped
        self.onlyInFirst = onlyInFirst
        onlyInSecond = other.tensors.map(\.name).filter { !names.contains($0) }
        isIdentical = first.isEqual(to: second)
        isRestIdentical = isIdentical || (source == other && Self.restIsEqual(first, second, source.holes))
    }

    private static func restIsEqual(_ first: ByteView, _ second: ByteView, _ holes: [SourceModel.Hole]) -> Bool {
        if first.count != second.count { return false }
        var end = 0
        for hole in holes {
            if !first[end..<hole.range.lowerBound].isEqual(to: second[end..<hole.range.lowerBound]) { return false }
            end = hole.range.upperBound
        }
        return first[end..<first.count].isEqual(to: second[end..<second.count])
    }
}
