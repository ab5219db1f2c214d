import TamisBits

/// A weight error as a coded unit states it, of all tensors together that it is about (Spec §8.4).
struct StatedError {
    let value: Float
    /// Places in the topology.
    private(set) var tensors: [Int]

    /// What the coded units of a sound stream state. Tensors that are about none are in raw mode in a group: nothing of them may have changed.
    static func all(in stream: ByteView) -> [StatedError] {
        var stated: [StatedError] = []
        var tensor = 0
        for entry in StreamTrace(stream).entries {
            switch entry.element {
            case "tensor_index", "entry_tensor_index": tensor = Int(entry.value) ?? 0
            case "weight_error": stated.append(StatedError(value: Float(entry.value) ?? .nan, tensors: [tensor]))
            case "group_weight_error": stated.append(StatedError(value: Float(entry.value) ?? .nan, tensors: []))
            case "entry_coding_mode": if entry.value != "0", let unit = stated.indices.last { stated[unit].tensors.append(tensor) }
            default: break
            }
        }
        return stated
    }
}
