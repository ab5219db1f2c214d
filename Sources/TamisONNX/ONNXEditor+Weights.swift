import TamisBits

/// Where the data of a weight lie in the files of a model, which tells it from all others.
public struct WeightPlace: Sendable, Hashable {
    /// 0 for the model, else the place among the side files, from 1.
    public let file: Int
    public let offset: UInt64

    public init(file: Int, offset: UInt64) {
        self.file = file
        self.offset = offset
    }
}

/// Storing weights in other forms.
extension ONNXEditor {
    /// What can be stored in another form, and in which.
    public struct Weights: Sendable {
        /// Places of the weights for which there is a place for a node, and of the other tensors, with the reason why there is none.
        public internal(set) var places: [WeightPlace: String?] = [:]
        /// The version of the standard operators that the model has.
        public let operatorSet: Int64
        /// The highest version that the model can have with every node meaning the same as before; at least
        /// that which it has.
        public let highestOperatorSet: Int64
        /// In words, what keeps it from being higher; nil if nothing does.
        public let obstacle: String?
    }

    /// - Throws: an error of the model where parts of it that the first reading skipped are no protobuf.
    public func weights() throws(TamisError) -> Weights {
        let sites = try WeightSites(bytes, walker)
        var weights = Weights(operatorSet: sites.operatorSet, highestOperatorSet: sites.highestOperatorSet, obstacle: sites.obstacle)
        for (number, found) in walker.tensors.enumerated() {
            guard let place = place(ofTensor: number) else { continue }
            // Of tensors that share their bytes, one that cannot change keeps the others from changing.
            if case .some(.some) = weights.places[place] { continue }
            weights.places[place] = .some(reason(number, found, sites))
        }
        return weights
    }

    /// Why a tensor has to stay as it is; nil if it need not.
    private func reason(_ number: Int, _ found: FoundTensor, _ sites: WeightSites) -> String? {
        guard let site = sites.sites[number] else { return "it is not the value of an initializer or a Constant node in one of the graphs" }
        let graph = sites.graphs[site.graph]
        // Before that version all initializers were inputs of the main graph.
        let mustBeInput = graph.isMain && walker.irVersion < Self.firstFreeInitializers
        if case .initializer = site.giver, graph.inputs[bytes[site.name].array] != nil, !mustBeInput {
            return "it is an input of the graph, too, for which another value may be given"
        }
        return nil
    }

    /// From this format version on initializers need not be inputs of the graph.
    static let firstFreeInitializers: Int64 = 4

    /// Where the data of a tensor lie; nil if it is no single run of bytes.
    func place(ofTensor number: Int) -> WeightPlace? {
        let found = walker.tensors[number]
        if let payload = found.coded { return WeightPlace(file: 0, offset: payload.range.lowerBound) }
        guard !found.isAmbiguous, found.record.isPurelyExternal, let place = externalPlace(ofTensor: number) else { return nil }
        return WeightPlace(file: numbers[place.file], offset: place.offset)
    }

    /// What the tensor says of its file; those that say something ascend.
    private func externalPlace(ofTensor number: Int) -> ExternalData.Tensor? {
        guard let external = walker.external?.tensors else { return nil }
        var (low, high) = (0, external.count)
        while low < high {
            let middle = (low + high) / 2
            if external[middle].tensor < number { low = middle + 1 } else { high = middle }
        }
        return low < external.count && external[low].tensor == number ? external[low] : nil
    }

    /// Plans the edits for weights in other forms.
    mutating func store(_ stored: [WeightPlace: StoredWeight], _ form: Form) throws(TamisError) {
        if stored.isEmpty { return }
        let sites = try WeightSites(bytes, walker)
        let editor = WeightEditor(bytes: bytes, names: WeightNames(number: sites.firstFreeNumber))
        var first = [PieceList](repeating: PieceList(), count: sites.graphs.count)
        var operatorSet = sites.operatorSet
        for number in walker.tensors.indices {
            guard let place = place(ofTensor: number), let weight = stored[place], let site = sites.sites[number] else { continue }
            let found = walker.tensors[number]
            let result = try editor.result(site, found.record, at: found.place, stored: weight, data: data(of: weight, form))
            switch site.giver {
            case .initializer:
                edits.append(MessageRewriter.Edit(place: found.place, content: result.own))
                // It is the output of a node now.
                if let input = sites.graphs[site.graph].inputs[bytes[site.name].array] {
                    edits.append(MessageRewriter.Edit(place: input, kind: .field, content: PieceList()))
                }
                if let gather = site.gather, let content = result.gather {
                    edits.append(MessageRewriter.Edit(place: gather.field, kind: .field, content: content))
                }
            case .constant(let node): edits.append(MessageRewriter.Edit(place: node, content: result.own))
            }
            first[site.graph].append(result.first)
            changed.insert(number)
            operatorSet = max(operatorSet, weight.form.operatorSet)
        }
        for (graph, list) in zip(sites.graphs, first) where list.byteCount > 0 {
            edits.append(MessageRewriter.Edit(place: graph.place, kind: .prefix, content: list))
        }
        raise(to: operatorSet, sites)
    }

    /// The fields that hold the stored bytes of a weight, or say where they lie.
    private mutating func data(of weight: StoredWeight, _ form: Form) -> PieceList {
        if case .external(let name) = form, weight.byteCount >= Self.minimumExternalBytes {
            return TensorRewriter.externalData(
                location: name, offset: layout.place(file: weight.file, 0..<weight.byteCount), length: weight.byteCount)
        }
        return TensorRewriter.rawData(file: weight.file, 0..<weight.byteCount)
    }

    /// Raises the versions of the operators and of the format, as far as they are lower.
    private mutating func raise(to operatorSet: Int64, _ sites: WeightSites) {
        if operatorSet > sites.operatorSet, let place = sites.operatorSetPlace {
            var content = WireWriter()
            content.message(ONNXField.OperatorSetId.domain, [])
            content.integer(ONNXField.OperatorSetId.version, UInt64(bitPattern: operatorSet))
            var list = PieceList()
            list.append(content.bytes)
            edits.append(MessageRewriter.Edit(place: place, content: list))
        }
        let irVersion = max(OperatorChanges.irVersion(for: operatorSet), Self.firstFreeInitializers)
        if irVersion > walker.irVersion, let place = sites.irVersionField {
            var field = WireWriter()
            field.integer(ONNXField.Model.irVersion, UInt64(bitPattern: irVersion))
            var list = PieceList()
            list.append(field.bytes)
            edits.append(MessageRewriter.Edit(place: place, kind: .field, content: list))
        }
    }
}
