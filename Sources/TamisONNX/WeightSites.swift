import TamisBits

/// Where in a model's graphs weights are given, as far as another type can be stored there and turned back by a node: initializers, and
/// values of Constant nodes.
///
/// Reads the main graph and all subgraphs, each field a fixed number of times. Requires a file that the walk accepted: it bounds the
/// depth of subgraphs.
struct WeightSites {
    /// A tensor of the walk, and what gives it its name in the graph.
    struct Site {
        enum Giver {
            case initializer
            /// Place of the message of a Constant node.
            case constant(Range<Int>)
        }

        /// A node that takes rows out of the weight, its only use.
        struct Gather {
            /// Place of its field in the graph, and of its message.
            let field: Range<Int>
            let place: Range<Int>
            let output: Range<Int>
        }

        let giver: Giver
        fileprivate(set) var gather: Gather?
        /// Index into `graphs`.
        let graph: Int
        /// Place in the file of the name by which nodes read the value.
        let name: Range<Int>
    }

    struct Graph {
        let place: Range<Int>
        let isMain: Bool
        /// The fields of its inputs that have the name of one of its weights, by this name.
        var inputs: [[UInt8]: Range<Int>] = [:]
    }

    private let bytes: ByteView
    private let tensors: [FoundTensor]
    private(set) var graphs: [Graph] = []
    /// By the number of the tensor in the walk.
    private(set) var sites: [Int: Site] = [:]
    /// The field of the format version.
    private(set) var irVersionField: Range<Int>?
    /// Place of the message that says the version of the standard operators; nil if there is none, or more than one.
    private(set) var operatorSetPlace: Range<Int>?
    /// 1 if the file says none.
    private(set) var operatorSet: Int64 = 1
    /// The version of the standard operators up to which the file can be raised without any node meaning something else.
    private(set) var highestOperatorSet: Int64
    /// In words, what keeps it from being raised further.
    private(set) var obstacle: String?
    /// Numbers that names of values end with begin below this, see `WeightNames`.
    private(set) var firstFreeNumber: UInt64 = 0
    private var operatorSetCount = 0

    init(_ bytes: ByteView, _ walker: ModelWalker) throws(TamisError) {
        self.bytes = bytes
        tensors = walker.tensors
        highestOperatorSet = OperatorChanges.newest
        var hasFunctions = false
        var reader = WireReader(bytes, 0..<bytes.count)
        var start = 0
        while let field = try reader.next() {
            defer { start = reader.position }
            switch (field.number, field.kind) {
            case (ONNXField.Model.irVersion, .varint): irVersionField = start..<reader.position
            case (ONNXField.Model.opsetImport, .lengthDelimited): try readOperatorSet(field.value)
            case (ONNXField.Model.functions, .lengthDelimited): hasFunctions = true
            default: break
            }
        }
        if operatorSetCount != 1 { operatorSetPlace = nil }
        if operatorSetPlace == nil {
            stop(at: operatorSet, "the model does not say once which version of the operators it uses")
        } else if operatorSet < OperatorChanges.oldest {
            stop(at: operatorSet, "the model uses version \(operatorSet) of the operators, whose rules were others")
        } else if hasFunctions {
            stop(at: operatorSet, "the model has functions, whose operators would have to be raised, too")
        }
        if let graph = walker.mainGraph { try readGraph(graph, isMain: true) }
        removeRepeatedNames()
        if let graph = walker.mainGraph { try findGathers(graph) }
        highestOperatorSet = max(highestOperatorSet, operatorSet)
    }

    private mutating func readOperatorSet(_ range: Range<Int>) throws(TamisError) {
        let found = try OperatorSetImport(bytes, range)
        if !isStandard(found.domain) { return }
        operatorSetCount += 1
        operatorSetPlace = range
        operatorSet = found.version
    }

    private func isStandard(_ domain: Range<Int>) -> Bool { domain.isEmpty || bytes.holds(domain, "ai.onnx") }

    private mutating func stop(at version: Int64, _ obstacle: String) {
        if version >= highestOperatorSet { return }
        highestOperatorSet = version
        self.obstacle = obstacle
    }

    // MARK: Graphs

    private mutating func readGraph(_ range: Range<Int>, isMain: Bool) throws(TamisError) {
        let number = graphs.count
        graphs.append(Graph(place: range, isMain: isMain))
        var names: Set<[UInt8]> = []
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.Graph.node: try readNode(field.value, number)
            case ONNXField.Graph.initializer:
                guard let tensor = tensors.number(at: field.value) else { break }
                let name = tensors[tensor].record.name
                add(tensor, Site(giver: .initializer, graph: number, name: name))
                names.insert(bytes[name].array)
            case ONNXField.Graph.input: note(try name(ofValue: field.value))
            default: break
            }
        }
        if names.isEmpty { return }
        reader = WireReader(bytes, range)
        var start = range.lowerBound
        while let field = try reader.next() {
            defer { start = reader.position }
            guard field.number == ONNXField.Graph.input, field.kind == .lengthDelimited else { continue }
            let name = bytes[try name(ofValue: field.value)].array
            if names.contains(name) { graphs[number].inputs[name] = start..<reader.position }
        }
    }

    private mutating func readNode(_ range: Range<Int>, _ graph: Int) throws(TamisError) {
        var opType = 0..<0
        var domain = 0..<0
        var outputs = 0
        var firstOutput = 0..<0
        var attributes: [Range<Int>] = []
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.Node.opType: opType = field.value
            case ONNXField.Node.domain: domain = field.value
            case ONNXField.Node.output:
                note(field.value)
                if outputs == 0 { firstOutput = field.value }
                if !field.value.isEmpty { outputs += 1 }
            case ONNXField.Node.attribute: attributes.append(field.value)
            default: break
            }
            if attributes.count > Self.mostAttributes { return stop(at: operatorSet, "a node has more than \(Self.mostAttributes) attributes") }
        }
        for attribute in attributes {
            var reader = WireReader(bytes, attribute)
            while let part = try reader.next() {
                guard part.kind == .lengthDelimited else { continue }
                if part.number == ONNXField.Attribute.g || part.number == ONNXField.Attribute.graphs { try readGraph(part.value, isMain: false) }
            }
        }
        guard isStandard(domain), opType.count <= Self.mostNameBytes else { return }
        let name = String(decoding: bytes[opType].array, as: UTF8.self)
        if name == "Constant" {
            if outputs == 1, attributes.count == 1, let value = try NodeAttribute.find("value", inNode: range, of: bytes)?.tensor,
                let tensor = tensors.number(at: value)
            {
                add(tensor, Site(giver: .constant(range), graph: graph, name: firstOutput))
            }
            return
        }
        var names: [String] = []
        for attribute in attributes { names.append(try self.name(ofAttribute: attribute)) }
        if let version = OperatorChanges.next(after: operatorSet, of: name, attributes: names, outputCount: outputs) {
            stop(at: version - 1, "\(name) means something else from version \(version) of the operators on")
        }
    }

    /// No operator has so many attributes, or so long a name.
    private static let mostAttributes = 64
    private static let mostNameBytes = 64

    private func name(ofValue range: Range<Int>) throws(TamisError) -> Range<Int> {
        var name = 0..<0
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            if field.number == ONNXField.ValueInfo.name && field.kind == .lengthDelimited { name = field.value }
        }
        return name
    }

    private func name(ofAttribute range: Range<Int>) throws(TamisError) -> String {
        let name = try name(ofValue: range)
        return name.count > Self.mostNameBytes ? "" : String(decoding: bytes[name].array, as: UTF8.self)
    }

    // MARK: Uses

    /// Finds weights that only a Gather node uses, and only as its data. A name counts wherever it stands.
    private mutating func findGathers(_ graph: Range<Int>) throws(TamisError) {
        var tensors: [[UInt8]: Int] = [:]
        var count: [[UInt8]: Int] = [:]
        for (tensor, site) in sites {
            let name = bytes[site.name].array
            count[name, default: 0] += 1
            if case .initializer = site.giver { tensors[name] = tensor }
        }
        // Subgraphs side by side may have weights of the same name.
        tensors = tensors.filter { count[$0.key] == 1 }
        var uses: [Int: Int] = [:]
        try countUses(graph, tensors, &uses)
        for (tensor, uses) in uses where uses > 1 { sites[tensor]?.gather = nil }
    }

    private mutating func countUses(_ graph: Range<Int>, _ tensors: [[UInt8]: Int], _ uses: inout [Int: Int]) throws(TamisError) {
        var reader = WireReader(bytes, graph)
        var start = graph.lowerBound
        while let field = try reader.next() {
            defer { start = reader.position }
            guard field.kind == .lengthDelimited else { continue }
            if field.number == ONNXField.Graph.output, let tensor = tensors[bytes[try name(ofValue: field.value)].array] { uses[tensor, default: 0] += 2 }
            guard field.number == ONNXField.Graph.node else { continue }
            var inputs: [Range<Int>] = []
            var outputs: [Range<Int>] = []
            var opType = 0..<0
            var domain = 0..<0
            var node = WireReader(bytes, field.value)
            while let part = try node.next() {
                guard part.kind == .lengthDelimited else { continue }
                switch part.number {
                case ONNXField.Node.input:
                    if let tensor = tensors[bytes[part.value].array] { uses[tensor, default: 0] += 1 }
                    if inputs.count < 2 { inputs.append(part.value) }
                case ONNXField.Node.output: if outputs.count < 2 { outputs.append(part.value) }
                case ONNXField.Node.opType: opType = part.value
                case ONNXField.Node.domain: domain = part.value
                case ONNXField.Node.attribute:
                    var attribute = WireReader(bytes, part.value)
                    while let inner = try attribute.next() {
                        let isGraph = inner.number == ONNXField.Attribute.g || inner.number == ONNXField.Attribute.graphs
                        if isGraph && inner.kind == .lengthDelimited { try countUses(inner.value, tensors, &uses) }
                    }
                default: break
                }
            }
            guard isStandard(domain), bytes.holds(opType, "Gather"), inputs.count == 2, outputs.count == 1, let tensor = tensors[bytes[inputs[0]].array] else { continue }
            sites[tensor]?.gather = Site.Gather(field: start..<reader.position, place: field.value, output: outputs[0])
        }
    }

    // MARK: Tensors

    private mutating func add(_ tensor: Int, _ site: Site) {
        note(site.name)
        if site.name.isEmpty || tensors[tensor].isAmbiguous { return }
        sites[tensor] = site
    }

    /// A name that two weights of a graph have is of no use.
    private mutating func removeRepeatedNames() {
        var count: [[[UInt8]: Int]] = graphs.map { _ in [:] }
        for site in sites.values { count[site.graph][bytes[site.name].array, default: 0] += 1 }
        sites = sites.filter { count[$0.value.graph][bytes[$0.value.name].array] == 1 }
    }

    /// Takes note that a value has the name at `name`.
    private mutating func note(_ name: Range<Int>) {
        guard let number = WeightNames.number(endOf: name, in: bytes) else { return }
        if number >= firstFreeNumber { firstFreeNumber = number &+ 1 }
    }
}
