/// A weight tensor as a layer uses it: for each output the places of its weights among the tensor's elements.
public struct LayerRows: Sendable {
    /// Of each output in C order over the output axes, the place of its first weight.
    public let outputs: [Int]
    /// Of each weight of an output in C order over input and kernel axes, the distance to the first.
    public let weights: [Int]

    /// - Parameters:
    ///   - role: of a tensor that is multiplied with inputs.
    ///   - shape: of the tensor, whose elements are in memory.
    public init(_ role: LayerRole, _ shape: Shape) {
        outputs = Self.places(role.outputAxes, shape)
        weights = Self.places(role.weightAxes, shape)
    }

    /// The places of the elements that are first along all other axes.
    ///
    /// - Parameter axes: ascending.
    private static func places(_ axes: some Sequence<Int>, _ shape: Shape) -> [Int] {
        var places = [0]
        for axis in axes {
            let stride = shape.dimensions[(axis + 1)...].reduce(1) { $0 * Int($1) }
            places = places.flatMap { place in (0..<Int(shape.dimensions[axis])).map { place + $0 * stride } }
        }
        return places
    }
}
