/// One step on the way from the model to a tensor.
///
/// Steps hold places in the file instead of text, so that a path costs nothing until a tensor needs a name.
enum PathComponent: Sendable {
    case node(NodeLabel)
    /// `element` is the place in the list where the attribute is a list.
    case attribute(name: Range<Int>, element: Int?)
    case function(domain: Range<Int>, name: Range<Int>)
    case trainingInfo(index: Int, part: TrainingPart)

    enum TrainingPart: String, Sendable {
        case initialization
        case algorithm
    }
}
