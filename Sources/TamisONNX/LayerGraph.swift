import TamisBits

/// The main graph and its subgraphs as nodes and the values between them, names resolved.
struct LayerGraph: Sendable {
    /// An input that is left out.
    static let noValue: Int32 = -1
    /// An input whose name no value has.
    static let undefinedValue: Int32 = -2

    /// Nodes of a graph lie together, in file order.
    var nodes: [GraphNode] = []
    var values: [GraphValue] = []
    /// Numbers of values: the inputs of each node in a row, or one of the two constants above.
    var inputs: [Int32] = []
    /// Values of constants that are lists of integers.
    var lists: [[Int64]] = []
    /// For each tensor of the walk the value that it is, or -1.
    var valueOfTensor: [Int32]
    /// For each value how often it is read, 2 standing for all that is more; being an output of a graph counts.
    private(set) var useCount: [UInt8] = []
    /// For each value the node that read it last, -1 for the output of a graph, and at which input.
    private var lastUse: [(node: Int32, position: Int32)] = []

    init(tensorCount: Int) { valueOfTensor = [Int32](repeating: -1, count: tensorCount) }

    mutating func addValue(_ value: GraphValue) -> Int32 {
        values.append(value)
        useCount.append(0)
        lastUse.append((-1, 0))
        return Int32(values.count - 1)
    }

    mutating func addUse(of value: Int32, by node: Int32, _ position: Int32) {
        guard value >= 0 else { return }
        useCount[Int(value)] = min(useCount[Int(value)] + 1, 2)
        lastUse[Int(value)] = (node, position)
    }

    /// The only reader of `value`, or nil if there are none or several, or if it is an output.
    func onlyUse(of value: Int32) -> (node: Int, position: Int)? {
        guard value >= 0, useCount[Int(value)] == 1, lastUse[Int(value)].node >= 0 else { return nil }
        return (Int(lastUse[Int(value)].node), Int(lastUse[Int(value)].position))
    }

    func input(_ position: Int, of node: GraphNode) -> Int32 {
        position < Int(node.inputCount) ? inputs[Int(node.firstInput) + position] : Self.noValue
    }

    /// What input `position` is; nil if it is left out.
    func source(_ position: Int, of node: GraphNode) -> GraphValue? {
        let value = input(position, of: node)
        return value >= 0 ? values[Int(value)] : value == Self.noValue ? nil : .unknown
    }
}
