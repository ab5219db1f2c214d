import TamisBits

/// What holds for everything inside the message that the walk is in.
struct WalkScope: Sendable {
    /// Most messages inside each other, the model itself being the first. It bounds the walk's recursion. Protobuf libraries stop at
    /// 100; 64 leaves room for 20 subgraphs inside each other.
    static let maximumDepth = 64

    private var depth = 1
    /// Set inside functions, training graphs and subgraphs.
    private(set) var location: ONNXSummary.Location?
    private(set) var isAmbiguous = false

    /// The scope of the message that is the value of `field`.
    func inside(
        _ field: WireField, location: ONNXSummary.Location? = nil, isAmbiguous: Bool = false
    ) throws(TamisError) -> WalkScope {
        guard depth < Self.maximumDepth else {
            throw .invalidModel(
                "protobuf messages lie more than \(Self.maximumDepth) deep inside each other", at: field.value.lowerBound,
                advice: "no real model nests its subgraphs so deep; the file is damaged or made to do harm")
        }
        var scope = self
        scope.depth += 1
        if scope.location == nil { scope.location = location }
        if isAmbiguous { scope.isAmbiguous = true }
        return scope
    }
}
