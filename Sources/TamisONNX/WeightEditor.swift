import TamisBits
import TamisModel

/// Makes the messages that store a weight in another form, and the node that gives back its values under its old name.
struct WeightEditor {
    let bytes: ByteView
    let names: WeightNames

    /// What becomes of one weight.
    struct Result {
        /// In the place of the content of the weight's own message: that of the stored tensor, or of the node.
        let own: PieceList
        /// Fields that come first in the graph: initializers, and the node unless it stands elsewhere.
        let first: PieceList
        /// In the place of the field of a Gather node: that node, and the one behind it.
        var gather: PieceList?
    }

    /// - Parameters:
    ///   - place: of the weight's message.
    ///   - data: fields that hold its stored bytes or say where they lie.
    func result(_ site: WeightSites.Site, _ record: TensorRecord, at place: Range<Int>, stored: StoredWeight, data: PieceList) throws(TamisError) -> Result {
        let name = bytes[site.name].array
        let storedName = names.name(of: name[...], .stored)
        if case .initializer = site.giver, let gather = site.gather, stored.form.canBeGathered {
            var first = PieceList()
            for tensor in parameters(name, stored.form) { first.append(message(ONNXField.Graph.initializer, tensor)) }
            return Result(
                own: try tensor(at: place, storedName, stored.form, data), first: first, gather: try self.gather(gather, name, stored.form))
        }
        let node = node(storedName, name, output: name, stored.form)
        var first = PieceList()
        for tensor in parameters(name, stored.form) { first.append(message(ONNXField.Graph.initializer, tensor)) }
        switch site.giver {
        case .initializer:
            first.append(message(ONNXField.Graph.node, node))
            return Result(own: try tensor(at: place, storedName, stored.form, data), first: first)
        case .constant:
            let tensor = tensor(storedName, record.dimensions, stored.form, data)
            var header = WireWriter()
            header.header(ONNXField.Graph.initializer, byteCount: tensor.byteCount)
            first.append(header.bytes)
            first.append(tensor)
            var own = PieceList()
            own.append(node)
            return Result(own: own, first: first)
        }
    }

    private func message(_ number: UInt32, _ content: [UInt8]) -> [UInt8] {
        var writer = WireWriter()
        writer.message(number, content)
        return writer.bytes
    }

    // MARK: Tensors

    private func dataType(_ form: StoredWeight.Form) -> UInt64 {
        switch form {
        case .integers(let bits, _, _): bits == 4 ? ONNXField.ElementType.int4 : ONNXField.ElementType.int8
        case .half(let type): UInt64(type.rawValue)
        }
    }

    /// The message at `place` with another name, type and data; all else in it stays.
    private func tensor(at place: Range<Int>, _ name: [UInt8], _ form: StoredWeight.Form, _ data: PieceList) throws(TamisError) -> PieceList {
        var content = PieceList()
        var reader = WireReader(bytes, place)
        var start = place.lowerBound
        while let field = try reader.next() {
            let isReplaced = TensorRewriter.dataFields.contains(field.number) || field.number == ONNXField.Tensor.name || field.number == ONNXField.Tensor.dataType
            if !isReplaced { content.append(start..<reader.position) }
            start = reader.position
        }
        var fields = WireWriter()
        fields.integer(ONNXField.Tensor.dataType, dataType(form))
        fields.message(ONNXField.Tensor.name, name)
        content.append(fields.bytes)
        content.append(data)
        return content
    }

    private func tensor(_ name: [UInt8], _ dimensions: [Int64], _ form: StoredWeight.Form, _ data: PieceList) -> PieceList {
        var fields = WireWriter()
        for dimension in dimensions { fields.integer(ONNXField.Tensor.dims, UInt64(bitPattern: dimension)) }
        fields.integer(ONNXField.Tensor.dataType, dataType(form))
        fields.message(ONNXField.Tensor.name, name)
        var content = PieceList()
        content.append(fields.bytes)
        content.append(data)
        return content
    }

    /// Scales and zero point, where the form has them.
    private func parameters(_ name: [UInt8], _ form: StoredWeight.Form) -> [[UInt8]] {
        guard case .integers(let bits, let scales, let zeroPoint) = form else { return [] }
        var shape: [UInt64] = []
        let values: [Float]
        switch scales {
        case .tensor(let scale): values = [scale]
        case .axis(_, let all): (values, shape) = (all, [UInt64(all.count)])
        case .blocks(_, _, let dimensions, let all): (values, shape) = (all, dimensions)
        }
        var tensors = [parameter(names.name(of: name[...], .scale), shape, ONNXField.ElementType.float32, values.flatMap { littleEndian($0.bitPattern) })]
        if zeroPoint != 0 {
            // One for each scale, though all are equal: runtimes want the same shape.
            let data: [UInt8]
            if bits == 4 {
                let nibble = UInt8(bitPattern: zeroPoint) & 15
                data = [UInt8](repeating: nibble << 4 | nibble, count: values.count / 2) + (values.count % 2 == 1 ? [nibble] : [])
            } else {
                data = [UInt8](repeating: UInt8(bitPattern: zeroPoint), count: values.count)
            }
            tensors.append(parameter(names.name(of: name[...], .zeroPoint), shape, dataType(form), data))
        }
        return tensors
    }

    private func parameter(_ name: [UInt8], _ shape: [UInt64], _ type: UInt64, _ data: [UInt8]) -> [UInt8] {
        var fields = WireWriter()
        for dimension in shape { fields.integer(ONNXField.Tensor.dims, dimension) }
        fields.integer(ONNXField.Tensor.dataType, type)
        fields.message(ONNXField.Tensor.name, name)
        fields.message(ONNXField.Tensor.rawData, data)
        return fields.bytes
    }

    private func littleEndian(_ bits: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt32($0))) } }

    // MARK: Nodes

    /// The fields of a Gather node that takes rows out of the stored weight, and of the node that gives them their old values: less work,
    /// and less memory, than to do so to all of the weight.
    private func gather(_ gather: WeightSites.Site.Gather, _ name: [UInt8], _ form: StoredWeight.Form) throws(TamisError) -> PieceList {
        let output = bytes[gather.output].array
        let storedOutput = names.name(of: output[...], .stored)
        var own = PieceList()
        var isRenamed = false
        var reader = WireReader(bytes, gather.place)
        var start = gather.place.lowerBound
        while let field = try reader.next() {
            if field.number == ONNXField.Node.input && !isRenamed {
                own.append(message(ONNXField.Node.input, names.name(of: name[...], .stored)))
                isRenamed = true
            } else if field.number == ONNXField.Node.output {
                own.append(message(ONNXField.Node.output, storedOutput))
            } else {
                own.append(start..<reader.position)
            }
            start = reader.position
        }
        var fields = PieceList()
        var header = WireWriter()
        header.header(ONNXField.Graph.node, byteCount: own.byteCount)
        fields.append(header.bytes)
        fields.append(own)
        fields.append(message(ONNXField.Graph.node, node(storedOutput, name, output: output, form)))
        return fields
    }

    /// The content of a node that gives stored values their old ones.
    ///
    /// - Parameter name: of the weight.
    private func node(_ input: [UInt8], _ name: [UInt8], output: [UInt8], _ form: StoredWeight.Form) -> [UInt8] {
        var node = WireWriter()
        node.message(ONNXField.Node.input, input)
        switch form {
        case .integers(_, let scales, let zeroPoint):
            node.message(ONNXField.Node.input, names.name(of: name[...], .scale))
            if zeroPoint != 0 { node.message(ONNXField.Node.input, names.name(of: name[...], .zeroPoint)) }
            node.message(ONNXField.Node.output, output)
            node.message(ONNXField.Node.opType, Array("DequantizeLinear".utf8))
            switch scales {
            case .tensor: break
            case .axis(let axis, _): node.message(ONNXField.Node.attribute, attribute("axis", UInt64(axis)))
            case .blocks(let axis, let blockElements, _, _):
                node.message(ONNXField.Node.attribute, attribute("axis", UInt64(axis)))
                node.message(ONNXField.Node.attribute, attribute("block_size", blockElements))
            }
        case .half:
            node.message(ONNXField.Node.output, output)
            node.message(ONNXField.Node.opType, Array("Cast".utf8))
            node.message(ONNXField.Node.attribute, attribute("to", ONNXField.ElementType.float32))
        }
        return node.bytes
    }

    private func attribute(_ name: String, _ value: UInt64) -> [UInt8] {
        var attribute = WireWriter()
        attribute.message(ONNXField.Attribute.name, Array(name.utf8))
        attribute.integer(ONNXField.Attribute.i, value)
        attribute.integer(ONNXField.Attribute.type, ONNXField.AttributeType.integer)
        return attribute.bytes
    }
}

extension StoredWeight.Form {
    /// Gather takes the type, and the rows that it takes out have the same scale.
    fileprivate var canBeGathered: Bool {
        switch self {
        case .integers(let bits, .tensor, _): bits == 8
        case .integers: false
        case .half: true
        }
    }
}
