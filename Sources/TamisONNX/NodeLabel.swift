/// What a node can be called by: places of its texts in the file, empty where it has none.
struct NodeLabel: Sendable {
    var name = 0..<0
    var firstOutput = 0..<0
    var opType = 0..<0
    /// Place among the nodes of its graph or function, from 0.
    var index: Int
}
