import TamisBits
import TamisDecoder
import TamisModel
import TamisQuantization
import TamisSyntax

/// How a stream codes a tensor, as its unit says.
package enum TensorCoding: Sendable {
    case exact
    case grouped(QuantizerGrid)
    case own(IndexCoding, ScaleClasses, MatrixView)

    /// Of all tensors, in the topology's order.
    package static func all(of stream: [UInt8]) throws(TamisError) -> [TensorCoding] {
        try ByteView.of(stream) { (view) throws(TamisError) in
            let opened = try EncodedStream.scan(view, limits: .standard)
            var codings = [TensorCoding](repeating: .exact, count: opened.topology.tensors.count)
            for unit in opened.units {
                switch unit.type {
                case .data:
                    let tensor = try CodedTensor(unit, of: opened)
                    if case .index(let content) = tensor.content, content.integers == nil { codings[tensor.tensor] = .own(content.coding, try content.decodeClasses(), content.view) }
                case .group:
                    for member in try CodedGroup(unit, of: opened).members where member.entry.isIndex {
                        codings[member.tensor] = .grouped(member.entry.grid)
                    }
                default: break
                }
            }
            return codings
        }
    }

    package var isExact: Bool { if case .exact = self { true } else { false } }

    package var coding: IndexCoding? { if case .own(let coding, _, _) = self { coding } else { nil } }

    package var kind: QuantizerKind? {
        switch self {
        case .exact: nil
        case .grouped: .uniform
        case .own(let coding, _, _): QuantizerKind(rawValue: coding.quantizerKind)
        }
    }

    /// nil without a grid.
    package var grid: QuantizerGrid? {
        switch self {
        case .exact: nil
        case .grouped(let grid): grid
        case .own(let coding, _, _): kind?.hasGrid == true ? coding.grid : nil
        }
    }

    /// The step of each of `count` elements in C order; rows are along the first axis.
    package func steps(count: Int) -> [Float] {
        guard let grid else { return [] }
        guard case .own(let coding, let classes, let view) = self, coding.rowStepExponent > 0, !classes.rows.isEmpty else {
            return [Float](repeating: grid.step, count: count)
        }
        let factors = classes.rows.map { grid.step * Reconstruction.rowFactor(scaleClass: $0, exponent: Int(coding.rowStepExponent)) }
        return (0..<count).map { factors[$0 / (count / view.rows)] }
    }
}
