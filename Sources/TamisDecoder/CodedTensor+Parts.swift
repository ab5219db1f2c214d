import TamisArithmetic
import TamisBits
import TamisQuantization
import TamisZstd

/// A tensor is decoded in parts, in any order and side by side: its slices, or all at once where it has none.
extension CodedTensor {
    /// What all parts need and none changes.
    struct Context: Sendable {
        var classes = ScaleClasses()
        /// Of a quantizer without a grid.
        var table: ReconstructionTable?
        /// In float mode.
        var decoder: FloatSliceDecoder?
    }

    /// At least 1.
    var partCount: Int {
        switch content {
        case .raw: 1
        case .index(let content): content.slices.count
        case .float(let content): content.slices.count
        }
    }

    /// Decodes what all parts need. It may take half a megabyte, however small the unit is (Spec §9.5).
    func context() throws(TamisError) -> Context {
        switch content {
        case .raw: Context()
        case .index(let content): Context(classes: try content.decodeClasses(), table: content.coding.reconstructionTable)
        case .float(let content): Context(classes: try content.decodeClasses(), decoder: FloatSliceDecoder(try content.decodeModel()))
        }
    }

    /// Decodes part `number` to where its values belong in the tensor's bytes.
    ///
    /// - Parameter context: of this tensor.
    func decode(part number: Int, sliceElements: Int, _ context: Context, into tensor: ByteRegion) throws(TamisError) {
        switch content {
        case .raw(let frame): try Zstandard.decompress(frame, into: tensor)
        case .index(let content): try content.decode(slice: number, sliceElements: sliceElements, context, into: tensor)
        case .float(let content):
            guard let decoder = context.decoder else { preconditionFailure("the context is that of another tensor") }
            try content.decode(slice: number, sliceElements: sliceElements, decoder, classes: context.classes, into: tensor)
        }
    }

    /// The share of part `number` in `0 ..< total`, if all parts have an equal one.
    func share(of total: UInt64, part number: Int) -> Range<UInt64> {
        let count = UInt64(partCount)
        func upTo(_ part: Int) -> UInt64 { count.dividingFullWidth(total.multipliedFullWidth(by: UInt64(part))).quotient }
        return upTo(number)..<upTo(number + 1)
    }
}
