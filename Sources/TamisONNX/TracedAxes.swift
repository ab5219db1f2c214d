import TamisModel

/// The axes of a tensor on its way to its consumer, each made of some of the axes of the tensor as stored.
struct TracedAxes: Equatable {
    struct Axis: Equatable {
        var size: UInt64
        /// Axes as stored, outermost first; none for an axis of one element that was put in.
        var stored: [Int]
    }

    private(set) var axes: [Axis]

    init(_ shape: Shape) { axes = shape.dimensions.enumerated().map { Axis(size: $0.element, stored: [$0.offset]) } }

    var count: Int { axes.count }

    subscript(position: Int) -> UInt64 { axes[position].size }

    /// The stored axes that make the axes `range`, in order.
    func stored(_ range: Range<Int>) -> [Int] { axes[range].flatMap(\.stored) }

    /// Follows the tensor through `node`, whose first input it is.
    ///
    /// - Returns: false if axes come out that are not made of whole axes, or this cannot be told.
    mutating func pass(through node: GraphNode, _ constants: GraphConstants) -> Bool {
        switch node.op {
        case .identity: true
        case .transpose: transpose(constants.attribute("perm", of: node)?.integers ?? [])
        case .reshape: reshape(node, constants)
        case .flatten: flatten(constants.integer("axis", of: node, or: 1))
        case .squeeze: squeeze(constants.integers("axes", input: 1, of: node), isGiven: constants.graph.source(1, of: node) != nil)
        case .unsqueeze: unsqueeze(constants.integers("axes", input: 1, of: node) ?? [])
        default: false
        }
    }

    private mutating func transpose(_ permutation: [Int64]) -> Bool {
        if permutation.isEmpty {
            axes.reverse()
            return true
        }
        guard permutation.count == axes.count, Set(permutation) == Set(axes.indices.map { Int64($0) }) else { return false }
        axes = permutation.map { axes[Int($0)] }
        return true
    }

    private mutating func reshape(_ node: GraphNode, _ constants: GraphConstants) -> Bool {
        guard let wanted = constants.integers("shape", input: 1, of: node), constants.integer("allowzero", of: node, or: 0) == 0 else { return false }
        var sizes: [UInt64] = []
        var open: Int?
        var product: UInt64 = 1
        for (position, size) in wanted.enumerated() {
            switch size {
            case -1:
                guard open == nil else { return false }
                open = position
                sizes.append(1)
                continue
            case 0:
                guard position < axes.count else { return false }
                sizes.append(axes[position].size)
            case 1...: sizes.append(UInt64(size))
            default: return false
            }
            let (next, overflow) = product.multipliedReportingOverflow(by: sizes[position])
            if overflow || next == 0 { return false }
            product = next
        }
        let total = axes.reduce(UInt64(1)) { $0 &* $1.size }
        if let open {
            guard total % product == 0 else { return false }
            sizes[open] = total / product
        } else if total != product {
            return false
        }
        return regroup(sizes)
    }

    private mutating func flatten(_ axis: Int64?) -> Bool {
        guard let axis, axis >= -Int64(axes.count), axis <= Int64(axes.count) else { return false }
        let split = Int(axis < 0 ? axis + Int64(axes.count) : axis)
        func product(_ range: Range<Int>) -> UInt64 { axes[range].reduce(UInt64(1)) { $0 &* $1.size } }
        axes = [
            Axis(size: product(0..<split), stored: stored(0..<split)),
            Axis(size: product(split..<axes.count), stored: stored(split..<axes.count)),
        ]
        return true
    }

    private mutating func squeeze(_ list: [Int64]?, isGiven: Bool) -> Bool {
        guard let list, !list.isEmpty else {
            if isGiven { return false }
            axes.removeAll { $0.size == 1 }
            return true
        }
        guard let chosen = positions(list, of: axes.count), chosen.allSatisfy({ axes[$0].size == 1 }) else { return false }
        axes = axes.indices.filter { !chosen.contains($0) }.map { axes[$0] }
        return true
    }

    private mutating func unsqueeze(_ list: [Int64]) -> Bool {
        guard !list.isEmpty, let chosen = positions(list, of: axes.count + list.count) else { return false }
        var rest = axes[...]
        axes = (0..<(axes.count + list.count)).compactMap { chosen.contains($0) ? Axis(size: 1, stored: []) : rest.popFirst() }
        return true
    }

    /// The axes that `list` means, negative ones counted from the end; nil if one is not there or is there twice.
    private func positions(_ list: [Int64], of count: Int) -> Set<Int>? {
        var result: Set<Int> = []
        for axis in list {
            guard axis >= -Int64(count), axis < Int64(count) else { return nil }
            result.insert(Int(axis < 0 ? axis + Int64(count) : axis))
        }
        return result.count == list.count ? result : nil
    }

    /// Merges neighbouring axes to those of `sizes`; requires the same product, which is not 0.
    private mutating func regroup(_ sizes: [UInt64]) -> Bool {
        var result: [Axis] = []
        var next = 0
        for size in sizes {
            // Axes of one element go where they fit, as they have no place of their own among the elements.
            if size == 1 {
                let isKept = next < axes.count && axes[next].size == 1
                result.append(isKept ? axes[next] : Axis(size: 1, stored: []))
                if isKept { next += 1 }
                continue
            }
            var merged = Axis(size: 1, stored: [])
            while merged.size < size, next < axes.count {
                let (product, overflow) = merged.size.multipliedReportingOverflow(by: axes[next].size)
                if overflow { return false }
                if axes[next].size > 1 {
                    merged.size = product
                    merged.stored += axes[next].stored
                }
                next += 1
            }
            if merged.size != size { return false }
            result.append(merged)
        }
        axes = result
        return true
    }
}
