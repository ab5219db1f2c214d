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
