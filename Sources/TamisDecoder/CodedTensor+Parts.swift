import TamisArithmetic
import TamisBits
import TamisQuantization
import TamisZstd

/// A tensor is decoded in parts, in any order and side by side: its slices, some of them together, or all at once where it has none.
extension CodedTensor {
    /// A tensor with what all its parts need and none changes.
    enum Context: Sendable {
        case raw(frame: ByteView)
        /// The table is that of a quantizer without a grid.
        case index(IndexContent, ScaleClasses, ReconstructionTable?)
        case float(FloatContent, ScaleClasses, FloatSliceDecoder)

        /// Decodes part `number` to where its values belong in the tensor's bytes.
        func decode(part number: Int, sliceElements: Int, into tensor: ByteRegion) throws(TamisError) {
            switch self {
            case .raw(let frame): try Zstandard.decompress(frame, into: tensor)
            case .index(let content, let classes, let table):
                try content.decode(part: number, sliceElements: sliceElements, classes: classes, table, into: tensor)
            case .float(let content, let classes, let decoder):
                try content.decode(slice: number, sliceElements: sliceElements, decoder, classes: classes, into: tensor)
            }
        }
    }

    /// At least 1.
    var partCount: Int {
        switch content {
        case .raw: 1
        case .index(let content): content.partCount
        case .float(let content): content.slices.count
        }
    }

    /// The parts that hold the elements `range` of the C order, which is not empty.
    func parts(holding range: Range<Int>, sliceElements: Int) -> Range<Int> {
        let count: Int
        switch content {
        case .raw: return 0..<1
        case .index(let content):
            // With nothing before the row axes, both orders are the tensor's own.
            if content.view.order != .cOrder && content.view.outer != 1 { return 0..<partCount }
            let fields = content.view.elementCount / max(Int(description.shape.elementCount), 1)
            count = max(content.elementsPerPart(sliceElements: sliceElements) / max(fields, 1), 1)
        case .float: count = sliceElements
        }
        return (range.lowerBound / count)..<((range.upperBound - 1) / count + 1)
    }

    /// Decodes what all parts need. It may take half a megabyte, however small the unit is (Spec §9.5).
    func context() throws(TamisError) -> Context {
        switch content {
        case .raw(let frame): .raw(frame: frame)
        case .index(let content): .index(content, try content.decodeClasses(), content.coding.reconstructionTable)
        case .float(let content): .float(content, try content.decodeClasses(), FloatSliceDecoder(try content.decodeModel()))
        }
    }

    /// The share of part `number` in `0 ..< total`, if all parts have an equal one.
    func share(of total: UInt64, part number: Int) -> Range<UInt64> {
        let count = UInt64(partCount)
        func upTo(_ part: Int) -> UInt64 { count.dividingFullWidth(total.multipliedFullWidth(by: UInt64(part))).quotient }
        return upTo(number)..<upTo(number + 1)
    }
}
