import TamisArithmetic
import TamisBits
import TamisDigest
import TamisSyntax
import TamisZstd

extension BatchEncoder {
    func dataUnit(_ tensor: Sliced, _ slices: [IndexSliceCoder.Slice], _ digest: UInt64) throws(TamisError) -> Unit {
        var header = DataUnit()
        header.tensorIndex = UInt64(tensor.placement.work.number)
        header.tensorDigest = digest
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

    func compress(_ work: TensorWork) -> Swift.Result<Unit, TamisError> {
        do throws(TamisError) {
            var header = DataUnit()
            header.tensorIndex = UInt64(work.number)
            header.tensorDigest = unsafe XXH64.of(work.original.buffer)
            let frame = try Zstandard.compress(work.original, level: ModelEncoder.rawLevel)
            return .success(Unit(type: .data, tensors: [work.number], parts: [try header.encoded(), frame]))
        } catch {
            return .failure(error)
        }
    }
}
