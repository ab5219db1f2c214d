import TamisBits
import TamisModel

/// Chooses the payloads that become holes: those in the model's file, and those in its side files.
struct HolePlan {
    struct Entry: Sendable {
        /// Number in the walk.
        let tensor: Int
        let payload: CodedPayload
    }

    /// A tensor that has exactly the bytes, type and shape of another one.
    struct Alias: Sendable {
        /// Number in the walk.
        let tensor: Int
        /// Index into `entries`.
        let entry: Int
    }

    /// By file, then by place, without overlap.
    private(set) var entries: [Entry] = []
    private(set) var aliases: [Alias] = []

    /// Takes a time of n · log n for n tensors.
    ///
    /// - Parameter sideFiles: those that `walker` names, in the order of its locations; empty if they do not matter.
    /// - Throws: `invalid_model` if a tensor's data lie outside its file or are not as long as its type and dimensions say.
    init(_ walker: ModelWalker, sideFiles: [ONNXModel.SideFile]) throws(TamisError) {
        for (number, found) in walker.tensors.enumerated() {
            if let payload = found.coded { entries.append(Entry(tensor: number, payload: payload)) }
        }
        guard !sideFiles.isEmpty, let external = walker.external else { return }
        var candidates: [Entry] = []
        for place in external.tensors {
            let found = walker.tensors[place.tensor]
            guard let range = try Self.range(of: place, found, in: sideFiles[place.file]) else { continue }
            guard !found.isAmbiguous, found.record.isPurelyExternal, range.byteCount >= TensorRecord.minimumCodedByteCount else { continue }
            guard let elementType = found.record.elementType, let shape = found.record.shape else { continue }
            let payload = CodedPayload(elementType: elementType, shape: shape, file: place.file + 1, range: range)
            candidates.append(Entry(tensor: place.tensor, payload: payload))
        }
        candidates.sort { first, second in
            (first.payload.file, first.payload.range.lowerBound, first.tensor) < (second.payload.file, second.payload.range.lowerBound, second.tensor)
        }
        addWithoutOverlap(candidates)
    }

    /// Of candidates that share bytes the one that begins first becomes a hole, and of those that begin together the one that the
    /// walk met first. The others are further names of it if they are the same in all, else they stay in the skeleton.
    private mutating func addWithoutOverlap(_ candidates: [Entry]) {
        for candidate in candidates {
            if let last = entries.last, last.payload.file == candidate.payload.file, candidate.payload.range.lowerBound < last.payload.range.upperBound {
                let isSame = last.payload.range == candidate.payload.range && last.payload.elementType == candidate.payload.elementType
                    && last.payload.shape == candidate.payload.shape
                if isSame { aliases.append(Alias(tensor: candidate.tensor, entry: entries.count - 1)) }
            } else {
                entries.append(candidate)
            }
        }
    }

    /// The bytes of `file` that are the elements of the tensor; nil if its type or dimensions do not say how many there are.
    ///
    /// Bytes of `length` beyond the elements are padding.
    static func range(
        of place: ExternalData.Tensor, _ found: FoundTensor, in file: ONNXModel.SideFile
    ) throws(TamisError) -> Range<UInt64>? {
        let needed = found.record.elementByteCount
        let length = place.length ?? needed ?? 0
        let (end, overflow) = place.offset.addingReportingOverflow(length)
        if overflow || end > file.byteCount {
            throw outside(place, length, found, file)
        }
        guard let needed else { return nil }
        if length < needed {
            throw TamisError.invalidModel(
                "external_data has the length \(length), but the type \(found.record.dataType.name) and the dimensions "
                    + "\(found.record.dimensions) need \(needed) bytes", at: found.place.lowerBound,
                advice: "the model is damaged; write it anew"
            ).about(tensor: found.name)
        }
        return place.offset..<(place.offset + needed)
    }

    @inline(never)
    private static func outside(
        _ place: ExternalData.Tensor, _ length: UInt64, _ found: FoundTensor, _ file: ONNXModel.SideFile
    ) -> TamisError {
        TamisError.invalidModel(
            "its data are \(length) bytes from byte \(place.offset) of '\(file.location)' on, but that file has \(file.byteCount)",
            at: found.place.lowerBound, advice: "the file is damaged, was not copied completely, or belongs to another model; fetch it again"
        ).about(tensor: found.name)
    }
}

extension Range<UInt64> {
    /// `count` without its trap beyond 63 bits.
    var byteCount: UInt64 { upperBound - lowerBound }
}
