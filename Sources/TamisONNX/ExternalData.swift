import TamisBits

/// The other files that the tensors of a model name, and which tensor names which.
struct ExternalData: Sendable {
    /// A tensor with data in another file.
    struct Tensor: Sendable {
        /// Number in the walk.
        let tensor: Int
        /// Index into `locations`.
        let file: Int
        let offset: UInt64
        let length: UInt64?
    }

    /// As many files as the format's largest level allows, the model itself included.
    static let maximumFileCount = 1 << 16

    /// Paths of the files, in the order of their first mention.
    private(set) var locations: [[UInt8]] = []
    /// In the order of the walk.
    private(set) var tensors: [Tensor] = []
    private var numbers: [[UInt8]: Int] = [:]

    /// What the tensor whose message is at `place` says of its file, which is noted; nil if it names none: no reader can load such a
    /// tensor, but it can be carried.
    ///
    /// - Throws: `invalid_model`, and `limit_exceeded` for more than 65 535 files.
    mutating func reference(_ bytes: ByteView, _ place: Range<Int>) throws(TamisError) -> ExternalReference? {
        let reference = try ExternalReference(bytes, place)
        if reference.location.isEmpty { return nil }
        if numbers[reference.location] == nil {
            if locations.count + 1 == Self.maximumFileCount {
                throw TamisError(
                    .limitExceeded, "the model has more than \(Self.maximumFileCount - 1) files with external data", byteOffset: UInt64(place.lowerBound),
                    advice: "save it with all tensors in one file")
            }
            numbers[reference.location] = locations.count
            locations.append(reference.location)
        }
        return reference
    }

    mutating func add(_ reference: ExternalReference, ofTensor tensor: Int) {
        guard let file = numbers[reference.location] else { return }
        tensors.append(Tensor(tensor: tensor, file: file, offset: reference.offset, length: reference.length))
    }
}
