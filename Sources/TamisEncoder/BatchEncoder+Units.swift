import TamisArithmetic
import TamisBits
import TamisDigest
import TamisSyntax
import TamisZstd

extension BatchEncoder {
    /// What a unit says of a tensor's decoded bytes.
    struct Identity: Sendable {
        let digest: UInt64
        let weightError: Float
    }

    func identity(_ placement: Placement, decoded: ByteView) -> Identity {
        Identity(digest: unsafe XXH64.of(decoded.buffer), weightError: weightError(placement, decoded: decoded))
    }

    /// How far `decoded` is from the tensor in the file (Spec §8.4).
    func weightError(_ placement: Placement, decoded: ByteView) -> Float {
        WeightError.rounded(squares: squares(placement, decoded: decoded), count: placement.work.description.shape.elementCount)
    }

    /// The squared differences between `decoded` and the tensor in the file, summed up.
    func squares(_ placement: Placement, decoded: ByteView) -> Double {
        let isChanged = plans[placement.work.number].quantizer != nil || placement.work.isCorrected
        return isChanged ? WeightError.squares(bytes[placement.range], decoded: decoded, placement.work.description.elementType) : 0
    }

    func dataUnit(_ tensor: Sliced, _ slices: [IndexSliceCoder.Slice], _ identity: Identity) throws(TamisError) -> Unit {
        var header = DataUnit()
        header.tensorIndex = UInt64(tensor.placement.work.number)
        header.tensorDigest = identity.digest
        header.weightError = identity.weightError
        tensor.coder.fill(&header)
        var table = SyntaxWriter()
        try header.visit(&table)
        for slice in slices {
            var entry = SliceEntry(codewordBytes: UInt64(slice.codeword.count), rawBytes: UInt64(slice.rawBits.count))
            try entry.visit(&table)
        }
        var parts = [table.writer.bytes] + tensor.coder.codewords
        for slice in slices {
            parts.append(slice.codeword)
            parts.append(slice.rawBits)
        }
        return Unit(type: .data, tensors: [tensor.placement.work.number], parts: parts)
    }

    func compress(_ placement: Placement) -> Swift.Result<Unit, TamisError> {
        do throws(TamisError) {
            let work = placement.work
            var header = DataUnit()
            header.tensorIndex = UInt64(work.number)
            header.tensorDigest = unsafe XXH64.of(work.original.buffer)
            header.weightError = weightError(placement, decoded: work.original)
            let frame = try Zstandard.compress(work.original, level: ModelEncoder.rawLevel)
            return .success(Unit(type: .data, tensors: [work.number], parts: [try header.encoded(), frame]))
        } catch {
            return .failure(error)
        }
    }
}
