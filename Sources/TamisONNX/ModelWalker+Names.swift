import TamisBits

extension ModelWalker {
    /// How a tensor is called, after the path.
    enum Leaf {
        /// By its own name.
        case own
        /// By the first output of its node.
        case output(Range<Int>)
        /// By its place: node, if there is one, and attribute.
        case place(NodeLabel?, attribute: Range<Int>, element: Int?)
        /// After the values that they are the indices of; those are called by the name at `name` if it is their own.
        indirect case indices(of: Leaf, name: Range<Int>)
    }

    /// The name by the rules of the Spec ("Names of ONNX tensors"), before it is made unique.
    ///
    /// - Parameter ownName: place of the tensor's own name.
    func name(of ownName: Range<Int>, _ leaf: Leaf) -> NameBuilder {
        if case .indices(let values, let name) = leaf {
            var builder = self.name(of: name, values)
            builder.append("/indices")
            return builder
        }
        var builder = NameBuilder()
        for component in path {
            append(component, to: &builder)
            builder.append("/")
        }
        switch leaf {
        case .own where ownName.isEmpty: builder.append("unnamed")
        case .own: builder.append(ownName, of: bytes)
        case .output(let output): builder.append(output, of: bytes)
        case .place(let node, let attribute, let element):
            if let node {
                append(.node(node), to: &builder)
                builder.append("/")
            }
            append(.attribute(name: attribute, element: element), to: &builder)
        case .indices: break
        }
        return builder
    }

    private func append(_ component: PathComponent, to builder: inout NameBuilder) {
        switch component {
        case .node(let label):
            if !label.name.isEmpty {
                builder.append(label.name, of: bytes)
            } else if !label.firstOutput.isEmpty {
                builder.append(label.firstOutput, of: bytes)
            } else {
                builder.append(label.opType, of: bytes)
                builder.append("#\(label.index)")
            }
        case .attribute(let name, let element):
            builder.append(name, of: bytes)
            if let element { builder.append("[\(element)]") }
        case .function(let domain, let name):
            builder.append("function:")
            builder.append(domain, of: bytes)
            builder.append(".")
            builder.append(name, of: bytes)
        case .trainingInfo(let index, let part): builder.append("training_info[\(index)]/\(part.rawValue)")
        }
    }
}
