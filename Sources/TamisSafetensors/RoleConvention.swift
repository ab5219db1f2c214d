import TamisModel

/// What a tensor does in its network, as far as its name and shape tell: the files have no graph.
///
/// The conventions are those of PyTorch, where the weight of a layer is called `weight`, its first axis are the outputs and its second
/// one the inputs. Whether several layers share a tensor is not known, and neither are groups and the sign of inputs. Where a convention
/// could be meant otherwise there is no role: a missing one costs some bytes, a wrong one would hide errors where no sum is made.
enum RoleConvention {
    /// Tables whose lines are looked up have one of these in their names.
    private static let tableWords = ["embed", "position", "relative_attention_bias"]
    private static let tableComponents: Set<Substring> = ["wte", "wpe"]
    /// Matrices that are stored inputs first in models of one kind (GPT-2's) and outputs first in others.
    private static let ambiguousComponents: Set<Substring> = ["c_attn", "q_attn", "c_fc", "c_proj"]
    /// Transposed convolutions, whose first axis are the inputs, have one of these in their names.
    private static let transposedWords = ["transpose", "deconv", "upsampl", "upconv", "up_conv"]
    /// Of a convolution along one axis. Layers stacked along a further axis, such as experts, have more.
    private static let maximumTaps: UInt64 = 64

    /// - Parameter name: components are separated by `.`.
    /// - Returns: nil if nothing is known.
    static func role(name: String, type: ElementType, shape: Shape) -> LayerRole? {
        // Names are ASCII as a rule; what else they hold has no case here, and needs none.
        let name = String(decoding: name.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
        let components = name.split(separator: ".", omittingEmptySubsequences: false)
        guard type.isFloatingPoint, components.last == "weight" else { return nil }
        switch shape.rank {
        case 2:
            if tableWords.contains(where: name.contains) || components.contains(where: tableComponents.contains) {
                return LayerRole(consumer: .gather, outputAxis: 0, outputAxisCount: 1)
            }
            if components.contains(where: ambiguousComponents.contains) { return nil }
            return LayerRole(consumer: .gemm, outputAxis: 0, outputAxisCount: 1, inputAxes: [1])
        case 3...5:
            if transposedWords.contains(where: name.contains) || shape.dimensions[2...].contains(where: { $0 > maximumTaps }) { return nil }
            return LayerRole(consumer: .convolution, outputAxis: 0, outputAxisCount: 1, inputAxes: [1], kernelAxes: Array(2..<shape.rank))
        default: return nil
        }
    }
}
