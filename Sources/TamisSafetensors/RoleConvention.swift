import TamisModel

/// What a tensor does in its network, as far as its name and shape tell: the files have no graph.
///
/// The conventions are those of PyTorch, where the weight of a layer is called `weight`, its first axis are the outputs and its second
/// one the inputs. Whether several layers share a tensor is not known, and neither are groups and the sign of inputs. Where a convention
/// could be meant otherwise there is no role: a missing one costs some bytes, a wrong one would hide errors where no sum is made.
enum RoleConvention {
    /// Tables whose lines are looked up have one of these in their names.
    private static let tableWords = ["embed", "position", "relative_attention_bias"].map { Array($0.utf8) }
    private static let tableComponents = ["wte", "wpe"].map { Array($0.utf8) }
    /// Matrices that are stored inputs first in models of one kind (GPT-2's) and outputs first in others.
    private static let ambiguousComponents = ["c_attn", "q_attn", "c_fc", "c_proj"].map { Array($0.utf8) }
    /// Transposed convolutions, whose first axis are the inputs, have one of these in their names.
    private static let transposedWords = ["transpose", "deconv", "upsampl", "upconv", "up_conv"].map { Array($0.utf8) }
    /// Of a convolution along one axis. Layers stacked along a further axis, such as experts, have more.
    private static let maximumTaps: UInt64 = 64

    /// - Parameter name: components are separated by `.`.
    /// - Returns: nil if nothing is known.
    static func role(name: String, type: ElementType, shape: Shape) -> LayerRole? {
        guard type.isFloatingPoint, 2...5 ~= shape.rank, name.utf8.count <= TensorNamer.maximumByteCount else { return nil }
        // Names are ASCII as a rule; what else they hold has no case here, and needs none.
        let bytes = name.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        let components = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        func holds(_ words: [[UInt8]]) -> Bool { words.contains { word in bytes.indices.contains { bytes[$0...].starts(with: word) } } }
        func hasComponent(_ words: [[UInt8]]) -> Bool { components.contains { component in words.contains { component.elementsEqual($0) } } }
        guard components.last?.elementsEqual("weight".utf8) == true else { return nil }
        if shape.rank == 2 {
            if holds(tableWords) || hasComponent(tableComponents) {
                return LayerRole(consumer: .gather, outputAxis: 0, outputAxisCount: 1)
            }
            if hasComponent(ambiguousComponents) { return nil }
            return LayerRole(consumer: .gemm, outputAxis: 0, outputAxisCount: 1, inputAxes: [1])
        }
        if holds(transposedWords) || shape.dimensions[2...].contains(where: { $0 > maximumTaps }) { return nil }
        return LayerRole(consumer: .convolution, outputAxis: 0, outputAxisCount: 1, inputAxes: [1], kernelAxes: Array(2..<shape.rank))
    }
}
