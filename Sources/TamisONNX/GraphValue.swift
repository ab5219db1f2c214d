/// Where a named value of a graph comes from.
enum GraphValue: Sendable, Equatable {
    /// Not known: an input of a subgraph, a second output such as the indices of MaxPool, a name that is given twice.
    case unknown
    case modelInput
    /// A tensor in the file, by its number in the walk.
    case tensor(Int32)
    /// Numbers or a text that a node of type Constant has in an attribute.
    case constant(isNonNegative: Bool)
    /// Integers of a node of type Constant, by their place in the graph's lists.
    case list(Int32)
    case output(node: Int32)
}
