import TamisBits

extension ONNXModel {
    /// A model without 16-bit floating-point tensors in varints.
    public struct InlinedModel: Sendable, Equatable {
        /// The new file. Readers load the same tensors from it as from the old one.
        public let bytes: [UInt8]
        /// Names of the tensors that were rewritten, in file order; the same in both files.
        public let tensors: [String]
    }

    /// Writes the model anew with `raw_data` in the place of `int32_data` for every float16 and bfloat16 tensor of at least 64 elements
    /// that is stored so, which makes it a tensor that can be coded. Lengths of the messages around it follow; every other byte stays.
    ///
    /// A tensor stays as it is where readers could disagree about it, or an element needs more than 16 bits.
    /// - Returns: nil if there is no such tensor.
    /// - Throws: as `scan(_:)`; `invalid_model` if a list of numbers is cut short.
    public static func inlineVarints(_ bytes: ByteView) throws(TamisError) -> InlinedModel? {
        let walker = try walk(bytes)
        var edits: [MessageRewriter.Edit] = []
        var names: [String] = []
        for found in walker.tensors {
            guard let raw = try VarintElements.rawBytes(of: found, bytes) else { continue }
            edits.append(try TensorRewriter.edit(bytes, found.place, data: TensorRewriter.rawData(raw)))
            names.append(found.name)
        }
        if edits.isEmpty { return nil }
        let pieces = try MessageRewriter.rewrite(bytes, consume edits)
        return InlinedModel(bytes: pieces.bytes(of: bytes), tensors: names)
    }
}
