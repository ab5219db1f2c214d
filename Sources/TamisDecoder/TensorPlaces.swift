/// The holes of each tensor.
struct TensorPlaces: Sendable {
    struct Place: Sendable {
        let file: Int
        let offset: UInt64
    }

    private var places: [Place] = []
    /// Where in `places` those of each tensor begin, and where the last end.
    private var starts = [0]

    /// Of no tensors.
    init() {}

    init(_ topology: Topology) {
        // Counts, then sums before each, then each hole to its place.
        starts = [Int](repeating: 0, count: topology.tensors.count + 1)
        for file in topology.files { for hole in file.holes { starts[hole.tensor + 1] += 1 } }
        for tensor in topology.tensors.indices { starts[tensor + 1] += starts[tensor] }
        var next = starts
        places = [Place](repeating: Place(file: 0, offset: 0), count: starts[topology.tensors.count])
        for (number, file) in topology.files.enumerated() {
            for hole in file.holes {
                places[next[hole.tensor]] = Place(file: number, offset: hole.offset)
                next[hole.tensor] += 1
            }
        }
    }

    /// In the order of the files.
    subscript(tensor: Int) -> ArraySlice<Place> { places[starts[tensor]..<starts[tensor + 1]] }
}
