/// A tensor of the model with its unique name.
struct FoundTensor: Sendable {
    let name: String
    /// Place of its message in the file.
    let place: Range<Int>
    let record: TensorRecord
    let location: ONNXSummary.Location
    /// An initializer of any graph, not sparse.
    let isInitializer: Bool
    /// A message on the way to the tensor is there twice although there may be only one, or its attribute says it is of another type:
    /// readers may merge, overwrite or ignore it.
    let isAmbiguous: Bool

    var coded: CodedPayload? { isAmbiguous ? nil : record.coded }
}

extension [FoundTensor] {
    /// The number of the tensor whose message is at `place`; those of a walk ascend.
    func number(at place: Range<Int>) -> Int? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].place.lowerBound < place.lowerBound { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low].place == place ? low : nil
    }
}
