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

    /// One check for each tensor, and one for the files' digests, which need the bytes in order.
    var checkCount: Int { tensors.count + 1 }

    /// Does one of the checks; each may be done at the same time as others, but those of batches before this one come first.
    func check(_ number: Int, _ files: FileDigestChecker) throws(TamisError) {
        // A tensor's digest says more than its file's: its check comes first.
        if number < tensors.count { return try tensors[number].check() }
        try files.take(digestSteps, of: bytes)
    }
}
