import TamisBits

/// A batch that is decoded; digests are yet to be compared.
struct DecodedBatch: Sendable {
    struct Tensor: Sendable {
        let unit: StreamUnit
        let tensor: CodedTensor
        let bytes: ByteView

        func check() throws(TamisError) {
            try unit.naming { () throws(TamisError) in try tensor.checkDigest(bytes) }
        }
    }

    let block: any WorkingMemory
    let byteCount: Int
    let digestSteps: [DecodingBatch.DigestStep]
    /// Those decoded in place.
    let tensors: [Tensor]

    var bytes: ByteView { block.region[0..<byteCount].view }

    /// One check for the files' digests, which need the bytes in order, and one for each tensor.
    var checkCount: Int { 1 + tensors.count }

    /// Does one of the checks; each may be done at the same time as others, but those of batches before this one come first.
    func check(_ number: Int, _ files: FileDigestChecker) throws(TamisError) {
        if number == 0 { return try files.take(digestSteps, of: bytes) }
        try tensors[number - 1].check()
    }
}
