import TamisBits
import TamisModel

/// Says of each coded tensor which layer it belongs to.
///
/// Only the main graph and its subgraphs are looked at. A weight is followed through nodes that keep its axes whole, each of which
/// must be the only reader, to the node that consumes it. Whatever is unclear has the role `other`, and no file is refused.
struct LayerRoleFinder {
    /// Nodes between a tensor and its consumer.
    private static let maximumSteps = 32

    /// The node that consumes a tensor, and how the tensor arrives there.
    private struct Use {
        let node: Int
        let position: Int
        let axes: TracedAxes
    }

    /// A layer with a coded weight, as its bias has to know it.
    private struct Layer {
        /// Number of the weight among the coded tensors.
        let weight: Int
        let outputCount: UInt64
        /// Place of the outputs among the axes of what the layer gives, counted from the last, which is 0.
        let channel: Int
    }

    private let graph: LayerGraph
    private let constants: GraphConstants
    private var signs: InputSigns
    /// Those that are coded, by their numbers in the walk, in the order of their holes.
    private let coded: [Int]
    private var roles: [LayerRole]
    /// For each coded tensor the layer's node if the tensor is a weight, else -1.
    private var nodeOfWeight: [Int32]
    private var layers: [Int: Layer] = [:]
    private var biases: [Int: Int] = [:]

    /// The roles of the tensors of `walker` that are coded, in the order of `plan`. A tensor with several names has the role `other`,
    /// like one that several nodes read.
    static func roles(_ walker: ModelWalker, _ plan: HolePlan, _ bytes: ByteView) -> [LayerRole] {
        let coded = plan.entries.map(\.tensor)
        guard !coded.isEmpty, var graph = GraphReader.graph(of: walker, bytes) else { return coded.map { _ in .other } }
        for alias in plan.aliases { graph.valueOfTensor[coded[alias.entry]] = -1 }
        var finder = LayerRoleFinder(graph, GraphConstants(bytes: bytes, tensors: walker.tensors, graph: graph), coded)
        finder.findWeights()
        finder.findBiases()
        finder.joinBiases()
        return finder.roles
    }

    private init(_ graph: LayerGraph, _ constants: GraphConstants, _ coded: [Int]) {
        self.graph = graph
        self.constants = constants
        self.coded = coded
        signs = InputSigns(constants)
        roles = coded.map { _ in .other }
        nodeOfWeight = coded.map { _ in -1 }
    }

    /// Follows the coded tensor `number` to its consumer; nil if it has several or its axes get lost.
    private func use(of number: Int) -> Use? {
        let tensor = coded[number]
        var value = graph.valueOfTensor[tensor]
        guard value >= 0, graph.values[Int(value)] == .tensor(Int32(tensor)), let shape = constants.tensors[tensor].record.shape else { return nil }
        var axes = TracedAxes(shape)
        for _ in 0..<Self.maximumSteps {
            guard let (reader, position) = graph.onlyUse(of: value) else { return nil }
            let node = graph.nodes[reader]
            switch node.op {
            case .identity, .transpose, .reshape, .squeeze, .unsqueeze, .flatten:
                guard position == 0, node.output >= 0, graph.values[Int(node.output)] == .output(node: Int32(reader)),
                    axes.pass(through: node, constants)
                else { return nil }
                value = node.output
            default: return Use(node: reader, position: position, axes: axes)
            }
        }
        return nil
    }

    // MARK: Weights

    private mutating func findWeights() {
        for number in coded.indices {
            guard let use = use(of: number), let role = weightRole(number, use) else { continue }
            roles[number] = role
            nodeOfWeight[number] = Int32(use.node)
        }
    }

    private mutating func weightRole(_ number: Int, _ use: Use) -> LayerRole? {
        let node = graph.nodes[use.node]
        let axes = use.axes
        let count = axes.count
        switch (node.op, use.position) {
        case (.conv, 1):
            guard count >= 3, let groups = constants.integer("group", of: node, or: 1), groups >= 1, axes[0] % UInt64(groups) == 0 else { return nil }
            return layer(
                .convolution, number, use, output: 0..<1, input: 1..<2, kernel: 2..<count, groups: UInt64(groups), data: 0, channel: count - 2)
        case (.convTranspose, 1):
            guard count >= 3, let groups = constants.integer("group", of: node, or: 1), groups >= 1 else { return nil }
            // In between, a line of the matrix view would hold outputs of several groups.
            guard groups == 1 || UInt64(groups) == axes[0] else { return nil }
            return layer(
                .transposedConvolution, number, use, output: groups == 1 ? 1..<2 : 0..<2, input: groups == 1 ? 0..<1 : 0..<0, kernel: 2..<count,
                groups: UInt64(groups), data: 0, channel: count - 2)
        case (.gemm, 1):
            guard count == 2, let isTransposed = constants.integer("transB", of: node, or: 0) else { return nil }
            let output = isTransposed != 0 ? 0 : 1
            return layer(.gemm, number, use, output: output..<(output + 1), input: (1 - output)..<(2 - output), data: 0, channel: 0)
        case (.matMul, 0), (.matMul, 1):
            guard count >= 2, (0..<(count - 2)).allSatisfy({ axes[$0] == 1 }) else { return nil }
            let (first, second) = ((count - 2)..<(count - 1), (count - 1)..<count)
            let isLeft = use.position == 0
            return layer(
                .matMul, number, use, output: isLeft ? first : second, input: isLeft ? second : first, data: 1 - use.position,
                channel: isLeft ? 1 : 0)
        case (.lstm, 1), (.gru, 1), (.rnn, 1):
            guard count == 3 else { return nil }
            return layer(.recurrentInput, number, use, output: 0..<2, input: 2..<3, data: 0, channel: 0)
        case (.lstm, 2), (.gru, 2), (.rnn, 2):
            guard count == 3 else { return nil }
            return layer(.recurrentState, number, use, output: 0..<2, input: 2..<3, data: nil, channel: 0)
        case (.gather, 0):
            guard count >= 2, let axis = constants.integer("axis", of: node, or: 0), axis >= -Int64(count), axis < Int64(count) else { return nil }
            let position = Int(axis < 0 ? axis + Int64(count) : axis)
            guard let rows = rows(axes.stored(position..<(position + 1))) else { return nil }
            return LayerRole(consumer: .gather, outputAxis: rows.lowerBound, outputAxisCount: rows.count)
        default: return nil
        }
    }

    /// - Parameter data: the input that the weight is multiplied with; nil for the state of a recurrent layer, which is a product of a
    ///   sigmoid and a hyperbolic tangent.
    private mutating func layer(
        _ consumer: LayerRole.Consumer, _ number: Int, _ use: Use, output: Range<Int>, input: Range<Int>, kernel: Range<Int> = 0..<0,
        groups: UInt64 = 1, data: Int?, channel: Int
    ) -> LayerRole? {
        let node = graph.nodes[use.node]
        guard let rows = rows(use.axes.stored(output)) else { return nil }
        // Of a product of two tensors of the file neither is a weight.
        if let data, case .tensor = graph.source(data, of: node) { return nil }
        if consumer != .recurrentState {
            let outputCount = output.reduce(UInt64(1)) { $0 &* use.axes[$1] }
            layers[use.node] = Layer(weight: number, outputCount: outputCount, channel: channel)
        }
        let sign = data.map { signs.sign(ofInput: $0, of: node) } ?? .signed
        return LayerRole(
            consumer: consumer, outputAxis: rows.lowerBound, outputAxisCount: rows.count, inputAxes: use.axes.stored(input).sorted(),
            kernelAxes: use.axes.stored(kernel).sorted(), groups: groups, inputSign: sign)
    }

    /// `axes` as a range; nil if they do not lie together in ascending order.
    private func rows(_ axes: [Int]) -> Range<Int>? {
        guard let first = axes.first else { return 0..<0 }
        return axes == Array(first..<(first + axes.count)) ? first..<(first + axes.count) : nil
    }

    // MARK: Biases

    private mutating func findBiases() {
        for number in coded.indices where nodeOfWeight[number] < 0 {
            guard let use = use(of: number), let node = layerOfBias(use) else { continue }
            let layer = layers[node]
            if layer != nil { biases[node] = number }
            let rank = constants.tensors[coded[number]].record.shape?.rank ?? 0
            roles[number] = LayerRole(consumer: .bias(of: layer?.weight), outputAxis: 0, outputAxisCount: rank)
        }
    }

    /// The node of the layer to whose outputs the tensor is added, one element to each.
    private func layerOfBias(_ use: Use) -> Int? {
        let node = graph.nodes[use.node]
        let axes = use.axes
        let outputCount = layers[use.node]?.outputCount
        switch (node.op, use.position) {
        case (.conv, 2), (.convTranspose, 2):
            return axes.count == 1 && (outputCount == nil || outputCount == axes[0]) ? use.node : nil
        case (.gemm, 2):
            guard axes.count == 1 || (axes.count == 2 && axes[0] == 1), outputCount == nil || outputCount == axes[axes.count - 1] else { return nil }
            let factors = ["alpha", "beta"].map { constants.attribute($0, of: node)?.float ?? 1 }
            return factors == [1, 1] ? use.node : nil
        case (.lstm, 3), (.gru, 3), (.rnn, 3):
            guard axes.count == 2 else { return nil }
            let half = axes[1] / 2
            return axes[1] % 2 == 0 && (outputCount == nil || outputCount == axes[0] &* half) ? use.node : nil
        case (.add, 0), (.add, 1): return layerBefore(use)
        default: return nil
        }
    }

    /// The node of the layer without a bias whose outputs meet the tensor in an addition.
    private func layerBefore(_ use: Use) -> Int? {
        let addition = graph.nodes[use.node]
        guard addition.inputCount == 2 else { return nil }
        let position = 1 - use.position
        guard case .output(let source) = graph.source(position, of: addition) else { return nil }
        guard graph.onlyUse(of: graph.input(position, of: addition)) != nil, let layer = layers[Int(source)] else { return nil }
        let node = graph.nodes[Int(source)]
        switch node.op {
        case .conv, .convTranspose, .gemm: if graph.source(2, of: node) != nil { return nil }
        case .matMul: break
        default: return nil
        }
        let axes = use.axes
        let channel = axes.count - 1 - layer.channel
        guard channel >= 0, axes[channel] == layer.outputCount else { return nil }
        for axis in 0..<axes.count where axis != channel && axes[axis] != 1 { return nil }
        return Int(source)
    }

    private mutating func joinBiases() {
        for number in coded.indices where nodeOfWeight[number] >= 0 {
            if let bias = biases[Int(nodeOfWeight[number])] { roles[number] = roles[number].withBias(bias) }
        }
    }
}
