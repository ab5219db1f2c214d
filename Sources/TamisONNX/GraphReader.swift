import TamisBits

/// Reads the nodes of the main graph and its subgraphs, and resolves the names of their inputs.
///
/// A name is looked for in its own graph first, then outwards. A graph is read twice: first for all that it names, since nodes
/// may come before what they read, then for the inputs of its nodes and their subgraphs. Each field is visited a fixed number of
/// times, and each name hashed as often. Requires a file that the walk accepted: it bounds the depth of subgraphs.
struct GraphReader {
    // What an entry may take in the lists of the graph and of the reader, with the room that growing lists keep free.
    private static let nodeByteCount = 80
    private static let definitionByteCount = 144
    private static let listByteCount = 32 + 24 * NodeAttribute.maximumCount
    private static let inputByteCount = 12

    private let bytes: ByteView
    /// In file order.
    private let tensors: [FoundTensor]
    private var graph: LayerGraph
    private var symbols: [ValueName: Int32] = [:]
    /// For each symbol the value that has the name where the reader is, or -1.
    private var bindings: [Int32] = []
    /// What to bind again at the end of a subgraph.
    private var shadowed: [(symbol: Int32, value: Int32)] = []
    /// Bytes that may still be spent: a node takes two bytes of a file.
    private var budget: Int
    private var isExhausted = false

    private init(_ bytes: ByteView, _ tensors: [FoundTensor]) {
        self.bytes = bytes
        self.tensors = tensors
        graph = LayerGraph(tensorCount: tensors.count)
        // The cap keeps all numbers within 32 bits.
        budget = min(bytes.count, 8 << 30) + 32 << 20
    }

    /// The main graph of `walker`; nil if there are several, if it takes more than 32 MiB and the size of the file, or if parts that
    /// the walk does not look into are no protobuf.
    static func graph(of walker: ModelWalker, _ bytes: ByteView) -> LayerGraph? {
        guard let place = walker.mainGraph else { return nil }
        var reader = GraphReader(bytes, walker.tensors)
        do throws(TamisError) {
            try reader.readGraph(place, isMain: true)
        } catch {
            return nil
        }
        return reader.isExhausted ? nil : reader.graph
    }

    private mutating func readGraph(_ range: Range<Int>, isMain: Bool) throws(TamisError) {
        let firstValue = Int32(graph.values.count)
        let shadowedCount = shadowed.count
        var node = graph.nodes.count
        var reader = WireReader(bytes, range)
        while !isExhausted, let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.Graph.node: try defineNode(field.value, firstValue)
            case ONNXField.Graph.input: define(try name(ofValue: field.value), as: isMain ? .modelInput : .unknown, firstValue)
            case ONNXField.Graph.initializer: defineTensor(at: field.value, firstValue)
            case ONNXField.Graph.sparseInitializer: try defineSparseTensor(field.value, firstValue)
            default: break
            }
        }
        reader = WireReader(bytes, range)
        while !isExhausted, let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.Graph.node:
                try readInputs(of: node)
                try readSubgraphs(of: field.value)
                node += 1
            case ONNXField.Graph.output: graph.addUse(of: resolve(try name(ofValue: field.value)), by: -1, 0)
            default: break
            }
        }
        while shadowed.count > shadowedCount, let last = shadowed.popLast() { bindings[Int(last.symbol)] = last.value }
    }

    // MARK: Names

    /// Gives the name at `name` to `value` in the graph whose values start at `firstValue`.
    ///
    /// - Returns: the number of the value, or -1 if it has no name.
    @discardableResult
    private mutating func define(_ name: Range<Int>, as value: GraphValue, _ firstValue: Int32) -> Int32 {
        guard !name.isEmpty, spend(Self.definitionByteCount) else { return -1 }
        let key = ValueName(name, of: bytes)
        let symbol = symbols[key] ?? Int32(bindings.count)
        if symbol == bindings.count {
            symbols[key] = symbol
            bindings.append(-1)
        }
        let old = bindings[Int(symbol)]
        if old >= firstValue {
            switch (graph.values[Int(old)], value) {
            // An initializer of the name of an input is its default.
            case (.modelInput, .tensor): graph.values[Int(old)] = value
            case (.tensor, .modelInput): break
            default: graph.values[Int(old)] = .unknown
            }
            return old
        }
        shadowed.append((symbol, old))
        bindings[Int(symbol)] = graph.addValue(value)
        return bindings[Int(symbol)]
    }

    private func resolve(_ name: Range<Int>) -> Int32 {
        if name.isEmpty { return LayerGraph.noValue }
        guard let symbol = symbols[ValueName(name, of: bytes)] else { return LayerGraph.undefinedValue }
        let value = bindings[Int(symbol)]
        return value >= 0 ? value : LayerGraph.undefinedValue
    }

    private func name(ofValue range: Range<Int>) throws(TamisError) -> Range<Int> {
        var name = 0..<0
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            if field.number == ONNXField.ValueInfo.name && field.kind == .lengthDelimited { name = field.value }
        }
        return name
    }

    // MARK: Tensors

    private mutating func defineTensor(at place: Range<Int>, _ firstValue: Int32) {
        // Tensors without room in the walk are not found.
        guard let tensor = tensors.number(at: place) else { return }
        let value = define(tensors[tensor].record.name, as: .tensor(Int32(tensor)), firstValue)
        graph.valueOfTensor[tensor] = value
    }

    /// Its elements are not those of the values that the file stores, so that it counts as not known.
    private mutating func defineSparseTensor(_ range: Range<Int>, _ firstValue: Int32) throws(TamisError) {
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            guard field.number == ONNXField.SparseTensor.values, field.kind == .lengthDelimited else { continue }
            if let tensor = tensors.number(at: field.value) { define(tensors[tensor].record.name, as: .unknown, firstValue) }
        }
    }

    // MARK: Nodes

    private mutating func defineNode(_ range: Range<Int>, _ firstValue: Int32) throws(TamisError) {
        guard spend(Self.nodeByteCount) else { return }
        var opType = 0..<0
        var domain = 0..<0
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.Node.opType: opType = field.value
            case ONNXField.Node.domain: domain = field.value
            default: break
            }
        }
        let op = Operator(opType, domain: domain, of: bytes)
        let node = graph.nodes.count
        graph.nodes.append(GraphNode(place: range, op: op))
        let value = op == .constant ? try valueOfConstant(range) : .output(node: Int32(node))
        var isFirst = true
        reader = WireReader(bytes, range)
        while !isExhausted, let field = try reader.next() {
            guard field.number == ONNXField.Node.output, field.kind == .lengthDelimited else { continue }
            if isFirst {
                let number = define(field.value, as: value, firstValue)
                graph.nodes[node].output = number
                if case .tensor(let tensor) = value { graph.valueOfTensor[Int(tensor)] = number }
            } else {
                define(field.value, as: op == .split ? .output(node: Int32(node)) : .unknown, firstValue)
            }
            isFirst = false
        }
    }

    private mutating func valueOfConstant(_ range: Range<Int>) throws(TamisError) -> GraphValue {
        if let place = try NodeAttribute.find("value", inNode: range, of: bytes)?.tensor {
            return tensors.number(at: place).map { .tensor(Int32($0)) } ?? .unknown
        }
        if let list = try NodeAttribute.find("value_ints", inNode: range, of: bytes)?.integers {
            guard spend(Self.listByteCount) else { return .unknown }
            graph.lists.append(list)
            return .list(Int32(graph.lists.count - 1))
        }
        if let float = try NodeAttribute.find("value_float", inNode: range, of: bytes)?.float { return .constant(isNonNegative: float >= 0) }
        if let integer = try NodeAttribute.find("value_int", inNode: range, of: bytes)?.integer { return .constant(isNonNegative: integer >= 0) }
        return .constant(isNonNegative: false)
    }

    private mutating func readInputs(of node: Int) throws(TamisError) {
        graph.nodes[node].firstInput = Int32(graph.inputs.count)
        var count: Int32 = 0
        var reader = WireReader(bytes, graph.nodes[node].place)
        while let field = try reader.next() {
            guard field.number == ONNXField.Node.input, field.kind == .lengthDelimited else { continue }
            guard spend(Self.inputByteCount) else { return }
            let value = resolve(field.value)
            graph.inputs.append(value)
            graph.addUse(of: value, by: Int32(node), count)
            count += 1
        }
        graph.nodes[node].inputCount = count
    }

    private mutating func readSubgraphs(of node: Range<Int>) throws(TamisError) {
        var reader = WireReader(bytes, node)
        while !isExhausted, let field = try reader.next() {
            guard field.number == ONNXField.Node.attribute, field.kind == .lengthDelimited else { continue }
            var attribute = WireReader(bytes, field.value)
            while !isExhausted, let part = try attribute.next() {
                guard part.kind == .lengthDelimited else { continue }
                if part.number == ONNXField.Attribute.g || part.number == ONNXField.Attribute.graphs {
                    try readGraph(part.value, isMain: false)
                }
            }
        }
    }

    private mutating func spend(_ byteCount: Int) -> Bool {
        if byteCount > budget { isExhausted = true }
        if isExhausted { return false }
        budget -= byteCount
        return true
    }
}
