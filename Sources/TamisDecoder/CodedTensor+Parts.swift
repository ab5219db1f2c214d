import TamisBits
import TamisQuantization
import TamisZstd

/// A tensor is decoded in parts, in any order and side by side: its slices, or all at once where it has none.
extension CodedTensor {
    /// At least 1.
    var partCount: Int {
        switch content {
        case .raw: 1
        case .index(let content): content.slices.count
        }
    }

    /// Decodes what all parts need and none changes.
    func lineClasses() throws(TamisError) -> ScaleClasses {
        switch content {
        case .raw: ScaleClasses()
        case .index(let content): try content.decodeClasses()
        }
    }

    /// Decodes part `number` to where its values belong in the tensor's bytes.
    ///
    /// - Parameter classes: those of `lineClasses`.
    func decode(part number: Int, sliceElements: Int, classes: ScaleClasses, into tensor: ByteRegion) throws(TamisError) {
        switch content {
        case .raw(let frame): try Zstandard.decompress(frame, into: tensor)
        case .index(let content): try content.decode(slice: number, sliceElements: sliceElements, classes: classes, into: tensor)
        }
    }

    /// The share of part `number` in `0 ..< total`, if all parts have an equal one.
    func share(of total: UInt64, part number: Int) -> Range<UInt64> {
        let count = UInt64(partCount)
        func upTo(_ part: Int) -> UInt64 { count.dividingFullWidth(total.multipliedFullWidth(by: UInt64(part))).quotient }
        return upTo(number)..<upTo(number + 1)
    }
}
