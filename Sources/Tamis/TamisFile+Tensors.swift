import TamisBits
import TamisDecoder
import TamisFiles
import TamisModel
import TamisThreads

/// Decoding single tensors, and parts of them.
extension TamisFile {
    /// Decodes one tensor into memory that the caller has, reading only the unit that holds it.
    ///
    /// - Parameters:
    ///   - number: its place in `tensors`.
    ///   - output: of its `byteCount`.
    ///   - progress: called from any thread with the number of elements decoded so far.
    /// - Throws: an error of the stream; `invalid_argument` if there is no such tensor.
    package func decode(
        tensor number: Int, into output: ByteRegion, threads: ThreadCount, progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) {
        try naming { () throws(TamisError) in
            _ = try require(tensor: number)
            try stream.decode(tensor: number, elements: nil, threads: threads, progress: progress) { output }
        }
    }

    /// Where rows of a tensor lie in its bytes: the elements with these places along the first dimension; a scalar has one row.
    ///
    /// - Throws: `invalid_argument` if there are no such rows; `unsupported_feature` if they do not begin and end at a byte.
    package func bytes(ofRows first: UInt64, count: UInt64, ofTensor number: Int) throws(TamisError) -> Range<Int> {
        try naming { () throws(TamisError) in
            let tensor = try require(tensor: number)
            let rows = tensor.shape.dimensions.first ?? 1
            if first > rows || count > rows - first {
                throw TamisError(.invalidArgument, "rows \(first) … +\(count) are asked for, '\(tensor.name)' has \(rows)")
            }
            let perRow = rows == 0 ? 0 : tensor.shape.elementCount / rows
            let bits = UInt64(tensor.elementType.bitCount)
            // Below the number of bits of the tensor, whose bytes have passed the limits; of packed elements the last byte may be filled up.
            let (start, end) = (first * perRow * bits, (first + count) * perRow * bits)
            if start % 8 != 0 || (end % 8 != 0 && first + count < rows) {
                throw TamisError(
                    .unsupportedFeature, "rows \(first) … +\(count) of '\(tensor.name)', \(perRow) elements of \(bits) bits each, do not begin and end at a byte",
                    advice: "ask for more rows, or for the whole tensor")
            }
            return Int(start / 8)..<Int(end / 8 + (end % 8 == 0 ? 0 : 1))
        }
    }

    /// Decodes rows of a tensor; only the parts of it that hold them, where its coding order allows.
    ///
    /// The checksum of the unit is compared, the digest of the tensor only if all of it was decoded.
    ///
    /// - Parameters:
    ///   - output: of the size of `bytes(ofRows:count:ofTensor:)`.
    ///   - progress: as above.
    /// - Throws: as `bytes(ofRows:count:ofTensor:)`; an error of the stream; `limit_exceeded` if there is no memory.
    package func decode(
        rows first: UInt64, count: UInt64, ofTensor number: Int, into output: ByteRegion, threads: ThreadCount,
        progress: (@Sendable (_ elements: UInt64) -> Void)? = nil
    ) throws(TamisError) {
        let range = try bytes(ofRows: first, count: count, ofTensor: number)
        precondition(output.count == range.count)
        try naming { () throws(TamisError) in
            let tensor = try require(tensor: number)
            let rows = tensor.shape.dimensions.first ?? 1
            let perRow = rows == 0 ? 0 : tensor.shape.elementCount / rows
            let elements = Int(first * perRow)..<Int((first + count) * perRow)
            // Pages that no part is decoded to take no memory.
            var whole: ReservedMemory?
            try stream.decode(tensor: number, elements: elements, threads: threads, progress: progress) { () throws(TamisError) in
                let memory = try ReservedMemory(byteCount: tensor.byteCount ?? 0)
                whole = memory
                return memory.region
            }
            try whole?.withView { (view) throws(TamisError) in output.copy(from: view[range]) }
        }
    }

    /// Elements of all tensors in a file, each counted once.
    package func elementCount(ofFile number: Int) -> UInt64 {
        guard stream.topology.files.indices.contains(number) else { return 0 }
        return Set(stream.topology.files[number].holes.map(\.tensor)).reduce(0) { $0 + tensors[$1].shape.elementCount }
    }

    private func require(tensor number: Int) throws(TamisError) -> TensorDescription {
        if tensors.indices.contains(number) { return tensors[number] }
        throw TamisError(.invalidArgument, "there is no tensor \(number), the stream holds \(tensors.count)")
    }
}
