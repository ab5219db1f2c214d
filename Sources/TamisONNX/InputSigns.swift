import TamisBits
import TamisModel

/// Finds out whether the values of a graph can be negative, by going back from them to where their sign is settled.
///
/// Each node is decided once, and each of its inputs looked at once; the way back is kept in a list, not in recursion.
struct InputSigns {
    /// Kinds of values that come together at a node.
    private struct Sources: OptionSet {
        let rawValue: UInt8
        static let nonNegative = Sources(rawValue: 1)
        static let signed = Sources(rawValue: 2)
        static let modelInput = Sources(rawValue: 4)
        static let unknown = Sources(rawValue: 8)
        static let nonNegativeConstant = Sources(rawValue: 16)
        static let signedConstant = Sources(rawValue: 32)
    }

    /// How the sign of a node's outputs follows from its inputs.
    private enum Rule {
        case settled(Sources)
        /// As the first input; one that is not negative becomes `otherwise`.
        case first(otherwise: Sources)
        /// As all inputs from the given one on, if they agree.
        case all(from: Int)
        /// As all inputs, but one that is not negative decides.
        case largest
        case difference
    }

    private struct Frame {
        let node: Int
        let rule: Rule
        var position: Int
        let end: Int
        var sources: Sources = []
    }

    private let constants: GraphConstants
    private var graph: LayerGraph { constants.graph }
    /// For each node what its outputs are; none if it was not visited.
    private var decided: [Sources]
    /// For each tensor of the walk whether it is of one sign; none if it was not looked at.
    private var signOfTensor: [Sources]

    init(_ constants: GraphConstants) {
        self.constants = constants
        decided = [Sources](repeating: [], count: constants.graph.nodes.count)
        signOfTensor = [Sources](repeating: [], count: constants.tensors.count)
    }

    /// The sign of input `position` of `node`.
    mutating func sign(ofInput position: Int, of node: GraphNode) -> LayerRole.InputSign {
        let value = graph.source(position, of: node)
        if case .output(let source) = value { decide(Int(source)) }
        let sources = self.sources(of: value)
        if sources.contains(.modelInput) { return .modelInput }
        if !sources.isDisjoint(with: [.nonNegative, .nonNegativeConstant]) { return .nonNegative }
        return sources.isDisjoint(with: [.signed, .signedConstant]) ? .unknown : .signed
    }

    /// Decides `node` and what its sign depends on.
    private mutating func decide(_ node: Int) {
        var stack: [Frame] = []
        enter(node, &stack)
        while var frame = stack.popLast() {
            if frame.position < frame.end {
                let value = graph.source(frame.position, of: graph.nodes[frame.node])
                if case .output(let source) = value, decided[Int(source)].isEmpty {
                    stack.append(frame)
                    enter(Int(source), &stack)
                    continue
                }
                frame.sources.formUnion(sources(of: value))
                frame.position += 1
                stack.append(frame)
            } else {
                decided[frame.node] = Self.result(frame.rule, frame.sources)
            }
        }
    }

    /// Settles `node` or puts it on the stack. On the stack it counts as unknown, so that a cycle ends where it began.
    private mutating func enter(_ node: Int, _ stack: inout [Frame]) {
        guard decided[node].isEmpty else { return }
        let rule = self.rule(graph.nodes[node])
        let range: Range<Int>
        switch rule {
        case .settled(let sources):
            decided[node] = sources
            return
        case .first: range = 0..<1
        case .all(let first): range = first..<max(first, Int(graph.nodes[node].inputCount))
        case .largest, .difference: range = 0..<Int(graph.nodes[node].inputCount)
        }
        decided[node] = .unknown
        stack.append(Frame(node: node, rule: rule, position: range.lowerBound, end: range.upperBound))
    }

    /// What is known of `value` now; nothing for an input that is left out.
    private mutating func sources(of value: GraphValue?) -> Sources {
        switch value {
        case nil: return []
        case .unknown: return .unknown
        case .modelInput: return .modelInput
        case .constant(let isNonNegative): return isNonNegative ? .nonNegativeConstant : .signedConstant
        case .list(let list): return graph.lists[Int(list)].allSatisfy { $0 >= 0 } ? .nonNegativeConstant : .signedConstant
        case .output(let node): return decided[Int(node)]
        case .tensor(let tensor):
            if signOfTensor[Int(tensor)].isEmpty {
                signOfTensor[Int(tensor)] = constants.isNonNegative(tensor: tensor) ? .nonNegativeConstant : .signedConstant
            }
            return signOfTensor[Int(tensor)]
        }
    }

    private func rule(_ node: GraphNode) -> Rule {
        switch node.op {
        case .relu, .sigmoid, .hardSigmoid, .softmax, .exp, .abs, .sqrt, .softplus, .reduceL1, .reduceL2, .reduceSumSquare, .lpPool, .globalLpPool:
            return .settled(.nonNegative)
        case .clip:
            let isBounded = constants.attribute("min", of: node)?.float.map { $0 >= 0 } ?? constants.isNonNegative(input: 1, of: node)
            return isBounded ? .settled(.nonNegative) : .first(otherwise: .nonNegative)
        case .identity, .transpose, .reshape, .squeeze, .unsqueeze, .flatten, .maxPool, .averagePool, .globalAveragePool, .globalMaxPool,
            .maxRoiPool, .roiAlign, .lrn, .dropout, .slice, .split, .gather, .gatherND, .gatherElements, .compress, .topK, .expand, .tile,
            .reduceMean, .reduceMax, .reduceMin, .reduceSum, .cumSum, .depthToSpace, .spaceToDepth, .reverseSequence, .cast, .floor, .ceil,
            .round, .quantizeLinear, .dequantizeLinear:
            return .first(otherwise: .nonNegative)
        case .imageScaler: return .first(otherwise: .signed)
        case .pad: return .first(otherwise: padsWithNonNegative(node) ? .nonNegative : .signed)
        case .resize, .upsample: return .first(otherwise: overshoots(node) ? .signed : .nonNegative)
        case .concat, .add, .mul, .div, .sum, .mean, .min: return .all(from: 0)
        case .whereElse: return .all(from: 1)
        case .max: return .largest
        case .sub: return .difference
        case .ifElse, .loop, .scan, .foreign, .constant: return .settled(.unknown)
        case .conv, .convTranspose, .gemm, .matMul, .lstm, .gru, .rnn, .other: return .settled(.signed)
        }
    }

    /// Modes other than a constant repeat elements.
    private func padsWithNonNegative(_ node: GraphNode) -> Bool {
        if let mode = constants.attribute("mode", of: node)?.text, !holds(mode, "constant") { return true }
        if graph.source(2, of: node) != nil { return constants.isNonNegative(input: 2, of: node) }
        return (constants.attribute("value", of: node)?.float ?? 0) >= 0
    }

    /// Cubic interpolation leaves the range of the elements, nearest and linear do not.
    private func overshoots(_ node: GraphNode) -> Bool {
        guard let mode = constants.attribute("mode", of: node)?.text else { return false }
        return !holds(mode, "nearest") && !holds(mode, "linear") && !holds(mode, "bilinear")
    }

    private func holds(_ place: Range<Int>, _ text: String) -> Bool {
        place.count == text.utf8.count && constants.bytes[place].array.elementsEqual(text.utf8)
    }

    private static func result(_ rule: Rule, _ sources: Sources) -> Sources {
        if case .largest = rule, !sources.isDisjoint(with: [.nonNegative, .nonNegativeConstant]) { return .nonNegative }
        if sources.isEmpty || sources.contains(.unknown) { return .unknown }
        let isNonNegative = sources.isDisjoint(with: [.signed, .signedConstant, .modelInput])
        switch rule {
        case .settled(let settled): return settled
        case .first(let otherwise): return isNonNegative ? otherwise : sources
        case .all where isNonNegative: return .nonNegative
        case .all, .largest, .difference:
            // Scaling and shifting by constants leaves the model's input what it is.
            return sources.contains(.modelInput) && sources.isDisjoint(with: [.signed, .nonNegative]) ? .modelInput : .signed
        }
    }
}
