import TamisBits

/// Walks over a `ModelProto` and finds every tensor in it, in file order.
///
/// Each message is read twice, first for what its parts are called and how often they are there, since fields may come in any
/// order, then to go into them. Time is proportional to the number of fields in the messages that can lead to a tensor, memory to
/// the number of tensors, both whatever the size of the payloads.
struct ModelWalker {
    let bytes: ByteView
    /// Where the walk is, from the model inwards.
    private(set) var path: [PathComponent] = []
    private var namer: TensorNamer

    private(set) var irVersion: Int64 = 0
    private(set) var producerName = 0..<0
    private(set) var producerVersion = 0..<0
    private(set) var operatorSets: [ONNXSummary.OperatorSet] = []
    /// Place of the main graph; nil if there are several.
    private(set) var mainGraph: Range<Int>?
    private(set) var graphName = 0..<0
    private(set) var nodeCount = 0
    /// Invariant: payloads ascend and do not overlap, as each message is entered once, in the order of its fields.
    private(set) var tensors: [FoundTensor] = []
    private(set) var omittedTensorCount = 0
    /// What is known of other files; nil if they are not asked for.
    private(set) var external: ExternalData?

    /// - Parameters:
    ///   - external: gathers what the tensors say of other files; nil if these do not matter.
    ///   - sideByteCount: size of all other files of the model.
    init(_ bytes: ByteView, external: ExternalData? = nil, sideByteCount: UInt64 = 0) throws(TamisError) {
        self.bytes = bytes
        self.external = external
        self.namer = TensorNamer(fileByteCount: bytes.count, sideByteCount: sideByteCount)
        try walkModel()
    }

    private mutating func walkModel() throws(TamisError) {
        if bytes.count == 0 { throw .invalidModel("the file is empty; an ONNX model was expected", at: 0) }
        var graphCount = 0
        var hasVersion = false
        var reader = WireReader(bytes, 0..<bytes.count)
        while let field = try reader.next() {
            switch (field.number, field.kind) {
            case (ONNXField.Model.irVersion, .varint):
                hasVersion = true
                irVersion = Int64(bitPattern: field.integer)
            case (ONNXField.Model.producerName, .lengthDelimited): producerName = field.value
            case (ONNXField.Model.producerVersion, .lengthDelimited): producerVersion = field.value
            case (ONNXField.Model.graph, .lengthDelimited): graphCount += 1
            default: break
            }
        }
        guard graphCount > 0 else { throw missing("graph", ONNXField.Model.graph) }
        guard hasVersion else { throw missing("ir_version", ONNXField.Model.irVersion) }

        let scope = WalkScope()
        var trainingIndex = 0
        reader = WireReader(bytes, 0..<bytes.count)
        while let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.Model.graph:
                if graphCount == 1 { mainGraph = field.value }
                try walkGraph(field.value, scope.inside(field, isAmbiguous: graphCount > 1), isMain: true)
            case ONNXField.Model.opsetImport: try addOperatorSet(field.value)
            case ONNXField.Model.functions: try walkFunction(field.value, scope.inside(field, location: .function))
            case ONNXField.Model.trainingInfo:
                try walkTrainingInfo(field.value, trainingIndex, scope.inside(field, location: .training))
                trainingIndex += 1
            default: break
            }
        }
    }

    private mutating func addOperatorSet(_ range: Range<Int>) throws(TamisError) {
        let found = try OperatorSetImport(bytes, range)
        let text = NameBuilder.text(found.domain, of: bytes)
        if namer.reserve(text.utf8.count) { operatorSets.append(ONNXSummary.OperatorSet(domain: text, version: found.version)) }
    }

    private mutating func walkTrainingInfo(_ range: Range<Int>, _ index: Int, _ scope: WalkScope) throws(TamisError) {
        var initializationCount = 0
        var algorithmCount = 0
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.TrainingInfo.initialization: initializationCount += 1
            case ONNXField.TrainingInfo.algorithm: algorithmCount += 1
            default: break
            }
        }
        reader = WireReader(bytes, range)
        while let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.TrainingInfo.initialization:
                path.append(.trainingInfo(index: index, part: .initialization))
                try walkGraph(field.value, scope.inside(field, isAmbiguous: initializationCount > 1))
                path.removeLast()
            case ONNXField.TrainingInfo.algorithm:
                path.append(.trainingInfo(index: index, part: .algorithm))
                try walkGraph(field.value, scope.inside(field, isAmbiguous: algorithmCount > 1))
                path.removeLast()
            default: break
            }
        }
    }

    private mutating func walkFunction(_ range: Range<Int>, _ scope: WalkScope) throws(TamisError) {
        var name = 0..<0
        var domain = 0..<0
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.Function.name: name = field.value
            case ONNXField.Function.domain: domain = field.value
            default: break
            }
        }
        path.append(.function(domain: domain, name: name))
        var nodeIndex = 0
        reader = WireReader(bytes, range)
        while let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.Function.node:
                try walkNode(field.value, nodeIndex, scope.inside(field))
                nodeIndex += 1
            case ONNXField.Function.attributeProto: try walkAttribute(field.value, nil, scope.inside(field))
            default: break
            }
        }
        path.removeLast()
    }

    private mutating func walkGraph(_ range: Range<Int>, _ scope: WalkScope, isMain: Bool = false) throws(TamisError) {
        var nodeIndex = 0
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.Graph.node:
                try walkNode(field.value, nodeIndex, scope.inside(field))
                nodeIndex += 1
            case ONNXField.Graph.name where isMain: graphName = field.value
            case ONNXField.Graph.initializer: try addTensor(field.value, .own, .initializer, scope.inside(field))
            case ONNXField.Graph.sparseInitializer: try walkSparseTensor(field.value, .own, scope.inside(field))
            default: break
            }
        }
    }

    private mutating func walkNode(_ range: Range<Int>, _ index: Int, _ scope: WalkScope) throws(TamisError) {
        nodeCount += 1
        var label = NodeLabel(index: index)
        var hasOutput = false
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.Node.output where !hasOutput:
                hasOutput = true
                label.firstOutput = field.value
            case ONNXField.Node.name: label.name = field.value
            case ONNXField.Node.opType: label.opType = field.value
            default: break
            }
        }
        reader = WireReader(bytes, range)
        while let field = try reader.next() {
            if field.number == ONNXField.Node.attribute && field.kind == .lengthDelimited {
                try walkAttribute(field.value, label, scope.inside(field))
            }
        }
    }

    /// - Parameter node: the owner; nil for the default value of a function's attribute.
    private mutating func walkAttribute(_ range: Range<Int>, _ node: NodeLabel?, _ scope: WalkScope) throws(TamisError) {
        var name = 0..<0
        var type = ONNXField.AttributeType.undefined
        var tensorCount = 0
        var graphCount = 0
        var sparseTensorCount = 0
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            switch (field.number, field.kind) {
            case (ONNXField.Attribute.name, .lengthDelimited): name = field.value
            case (ONNXField.Attribute.type, .varint): type = field.integer
            case (ONNXField.Attribute.t, .lengthDelimited): tensorCount += 1
            case (ONNXField.Attribute.g, .lengthDelimited): graphCount += 1
            case (ONNXField.Attribute.sparseTensor, .lengthDelimited): sparseTensorCount += 1
            default: break
            }
        }
        // Files of the first format version have no type.
        func isOther(_ expected: UInt64) -> Bool { type != expected && type != ONNXField.AttributeType.undefined }
        var single = Leaf.place(node, attribute: name, element: nil)
        if let node, !node.firstOutput.isEmpty, bytes.holds(node.opType, "Constant"), bytes.holds(name, "value") {
            single = .output(node.firstOutput)
        }

        var tensorIndex = 0
        var graphIndex = 0
        var sparseTensorIndex = 0
        reader = WireReader(bytes, range)
        while let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.Attribute.t:
                let isAmbiguous = tensorCount > 1 || isOther(ONNXField.AttributeType.tensor)
                try addTensor(field.value, single, .attribute, scope.inside(field, isAmbiguous: isAmbiguous))
            case ONNXField.Attribute.tensors:
                let leaf = Leaf.place(node, attribute: name, element: tensorIndex)
                try addTensor(
                    field.value, leaf, .attribute, scope.inside(field, isAmbiguous: isOther(ONNXField.AttributeType.tensors)))
                tensorIndex += 1
            case ONNXField.Attribute.g:
                let isAmbiguous = graphCount > 1 || isOther(ONNXField.AttributeType.graph)
                try walkSubgraph(
                    field.value, node, .attribute(name: name, element: nil),
                    scope.inside(field, location: .subgraph, isAmbiguous: isAmbiguous))
            case ONNXField.Attribute.graphs:
                try walkSubgraph(
                    field.value, node, .attribute(name: name, element: graphIndex),
                    scope.inside(field, location: .subgraph, isAmbiguous: isOther(ONNXField.AttributeType.graphs)))
                graphIndex += 1
            case ONNXField.Attribute.sparseTensor:
                let isAmbiguous = sparseTensorCount > 1 || isOther(ONNXField.AttributeType.sparseTensor)
                try walkSparseTensor(
                    field.value, .place(node, attribute: name, element: nil), scope.inside(field, isAmbiguous: isAmbiguous))
            case ONNXField.Attribute.sparseTensors:
                let leaf = Leaf.place(node, attribute: name, element: sparseTensorIndex)
                try walkSparseTensor(
                    field.value, leaf, scope.inside(field, isAmbiguous: isOther(ONNXField.AttributeType.sparseTensors)))
                sparseTensorIndex += 1
            default: break
            }
        }
    }

    private mutating func walkSubgraph(
        _ range: Range<Int>, _ node: NodeLabel?, _ attribute: PathComponent, _ scope: WalkScope
    ) throws(TamisError) {
        if let node { path.append(.node(node)) }
        path.append(attribute)
        try walkGraph(range, scope)
        path.removeLast(node == nil ? 1 : 2)
    }

    private mutating func walkSparseTensor(_ range: Range<Int>, _ leaf: Leaf, _ scope: WalkScope) throws(TamisError) {
        var valuesCount = 0
        var indicesCount = 0
        var valuesName = 0..<0
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.SparseTensor.values:
                valuesCount += 1
                valuesName = try nameOfTensor(field.value)
            case ONNXField.SparseTensor.indices: indicesCount += 1
            default: break
            }
        }
        reader = WireReader(bytes, range)
        while let field = try reader.next() {
            guard field.kind == .lengthDelimited else { continue }
            switch field.number {
            case ONNXField.SparseTensor.values:
                try addTensor(field.value, leaf, .sparse, scope.inside(field, isAmbiguous: valuesCount > 1))
            case ONNXField.SparseTensor.indices:
                let indices = Leaf.indices(of: leaf, name: valuesName)
                try addTensor(field.value, indices, .sparse, scope.inside(field, isAmbiguous: indicesCount > 1))
            default: break
            }
        }
    }

    private func nameOfTensor(_ range: Range<Int>) throws(TamisError) -> Range<Int> {
        var name = 0..<0
        var reader = WireReader(bytes, range)
        while let field = try reader.next() {
            if field.number == ONNXField.Tensor.name && field.kind == .lengthDelimited { name = field.value }
        }
        return name
    }

    private mutating func addTensor(
        _ range: Range<Int>, _ leaf: Leaf, _ location: ONNXSummary.Location, _ scope: WalkScope
    ) throws(TamisError) {
        let record = try TensorRecord(bytes, range)
        let reference = record.isExternal ? try externalReference(range, record, leaf) : nil
        guard !namer.isExhausted, let name = namer.unique(name(of: record.name, leaf)) else {
            omittedTensorCount += 1
            return
        }
        if let reference { external?.add(reference, ofTensor: tensors.count) }
        tensors.append(
            FoundTensor(
                name: name, place: range, record: record, location: scope.location ?? location, isInitializer: location == .initializer,
                isAmbiguous: scope.isAmbiguous))
    }

    /// What the tensor says of its file; nil if that does not matter. The file is noted even if the tensor gets no name.
    private mutating func externalReference(_ place: Range<Int>, _ record: TensorRecord, _ leaf: Leaf) throws(TamisError) -> ExternalReference? {
        do throws(TamisError) {
            return try external?.reference(bytes, place)
        } catch {
            throw error.about(tensor: name(of: record.name, leaf).text)
        }
    }

    @inline(never)
    private func missing(_ field: String, _ number: UInt32) -> TamisError {
        .invalidModel(
            "an ONNX model was expected, but the file has no \(field) (field \(number) of ModelProto)", at: bytes.count,
            advice: "convert the model to ONNX first; other protobuf files, such as a TensorFlow graph, are not ONNX models")
    }
}
