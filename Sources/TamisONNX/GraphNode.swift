/// A node of a graph; attributes are read where they are needed.
struct GraphNode: Sendable {
    /// Place of its message in the file.
    let place: Range<Int>
    /// Place of its first input in the graph's list.
    var firstInput: Int32 = 0
    var inputCount: Int32 = 0
    /// Number of the value of its first output; -1 if that has no name.
    var output: Int32 = -1
    let op: Operator

    init(place: Range<Int>, op: Operator) {
        self.place = place
        self.op = op
    }
}
