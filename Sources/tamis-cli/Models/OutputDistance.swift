import Tamis
import TamisBits
import TamisEncoder
import TamisModel
import TamisRecipes
import TamisThreads

/// How far the outputs of a model's layers are from those of another's, each layer by itself, for inputs that were measured.
///
/// With W the weights of a layer, E what differs, and H = U · Uᵀ the second moments of its inputs, the outputs have the energy
/// tr(W · H · Wᵀ) = ‖W · U‖², and their error has ‖E · U‖².
struct OutputDistance: Sendable {
    /// Mean squares, summed over the outputs of a layer or of several.
    struct Energies: Sendable {
        var signal = 0.0
        /// Not finite if a weight that is not finite differs.
        var noise = 0.0

        /// The error's energy relative to that of the outputs; nil if there are no outputs or there is no number for it.
        var relativeError: Double? {
            let ratio = noise / signal
            return ratio.isFinite ? ratio : nil
        }

        /// Nil if there is no error, or no number for it.
        var decibels: Double? { SignalToNoise.decibels(signal: signal, noise: noise) }

        static func + (a: Energies, b: Energies) -> Energies { Energies(signal: a.signal + b.signal, noise: a.noise + b.noise) }
    }

    /// Of the layers with statistics whose weights both models have, by the names of the weights.
    let layers: [String: Energies]

    /// Of all these layers together.
    var total: Energies { layers.keys.sorted().reduce(Energies()) { $0 + (layers[$1] ?? Energies()) } }

    /// Outputs that one job is about.
    private static let outputsOfJob = 64

    /// A layer in both models.
    private struct Layer: Sendable {
        let name: String
        let rows: LayerRows
        let type: ElementType
        let first: ByteView
        let second: ByteView
        let statistics: LayerStatistics

        /// Energies of `outputs`, which belong to one group.
        func energies(_ group: Int, _ outputs: Range<Int>) -> Energies {
            let size = statistics.inputs
            let order = statistics.order.isEmpty ? rows.weights : statistics.order.map { rows.weights[$0] }
            var weights: [Float] = []
            weights.reserveCapacity(2 * outputs.count * size)
            var errors: [Float] = []
            errors.reserveCapacity(outputs.count * size)
            for output in outputs {
                for weight in order {
                    let (a, b) = (type.value(first, rows.outputs[output] + weight), type.value(second, rows.outputs[output] + weight))
                    weights.append(a)
                    // Equal values are no difference, also where subtraction would give NaN.
                    errors.append(a.bitPattern == b.bitPattern ? 0 : a - b)
                }
            }
            let bytes = 4 * size * size
            let energies = TriangularProduct(statistics.factor[(group * bytes)..<((group + 1) * bytes)].buffer, size: size).energies(weights + errors)
            return Energies(signal: energies[..<outputs.count].reduce(0, +), noise: energies[outputs.count...].reduce(0, +))
        }
    }

    /// - Parameter statistics: must fit the first model.
    init(_ first: ModelFiles, _ second: ModelFiles, _ statistics: StatisticsFile, threads: ThreadCount) throws(TamisError) {
        defer { withExtendedLifetime((first, second)) {} }
        try self.init(Self.layers(first.bytes, first.source, second.bytes, second.source, statistics), threads)
    }

    private init(_ found: [Layer], _ threads: ThreadCount) throws(TamisError) {
        var jobs: [(layer: Int, group: Int, outputs: Range<Int>)] = []
        for (number, layer) in found.enumerated() {
            let outputsOfGroup = layer.rows.outputs.count / layer.statistics.groups
            for group in 0..<layer.statistics.groups {
                for start in stride(from: 0, to: outputsOfGroup, by: Self.outputsOfJob) {
                    let first = group * outputsOfGroup
                    jobs.append((number, group, (first + start)..<(first + min(start + Self.outputsOfJob, outputsOfGroup))))
                }
            }
        }
        let list = jobs
        let parts = try parallelMap(list.count, threads: threads) { _, index in found[list[index].layer].energies(list[index].group, list[index].outputs) }
        var layers = Dictionary(found.map { ($0.name, Energies()) }) { first, _ in first }
        for (job, part) in zip(list, parts) { layers[found[job.layer].name, default: Energies()] = layers[found[job.layer].name, default: Energies()] + part }
        self.layers = layers
    }

    /// The layers whose weights are floating-point tensors of the same type and shape in both models.
    private static func layers(
        _ first: SourceBytes, _ source: SourceModel, _ second: SourceBytes, _ other: SourceModel, _ statistics: StatisticsFile
    ) -> [Layer] {
        let places = Dictionary(other.holes.map { (other.tensors[$0.tensor].name, $0) }, uniquingKeysWith: { first, _ in first })
        var names: Set<String> = []
        return source.holes.compactMap { hole in
            let tensor = source.tensors[hole.tensor]
            guard let layer = statistics.layers[tensor.name], let role = source.role(of: hole.tensor), TensorDistance.isMeasured(tensor.elementType),
                let place = places[tensor.name], other.tensors[place.tensor] == tensor, names.insert(tensor.name).inserted
            else { return nil }
            return Layer(
                name: tensor.name, rows: LayerRows(role, tensor.shape), type: tensor.elementType, first: first[hole], second: second[place],
                statistics: layer)
        }
    }
}

extension ElementType {
    /// Element `place` of the floating-point tensor in `bytes`, rounded to a Float.
    fileprivate func value(_ bytes: ByteView, _ place: Int) -> Float {
        switch self {
        case .float32: Float(bitPattern: bytes.load(4 * place, as: UInt32.self))
        case .float64: Float(Double(bitPattern: bytes.load(8 * place, as: UInt64.self)))
        case .bfloat16: Float(bitPattern: UInt32(bytes.load(2 * place, as: UInt16.self)) << 16)
        default: Float(Float16(bitPattern: bytes.load(2 * place, as: UInt16.self)))
        }
    }
}
