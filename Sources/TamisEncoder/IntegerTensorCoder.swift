import TamisArithmetic
import TamisBits
import TamisModel
import TamisQuantization
import TamisSyntax

/// Codes the slices of an integer tensor bit by bit, with the contexts of indices (Spec §7.7).
struct IntegerTensorCoder: Sendable {
    private let bytes: ByteView
    private let fields: IntegerFields
    /// Of the fields.
    let view: MatrixView
    private(set) var coding = IndexCoding()
    /// The codeword of the classes; empty if none are sent.
    let lineClasses: [UInt8]
    private let classes: ScaleClasses

    /// What an index holds.
    private static let largestMagnitude: Int64 = 1 << 30 - 1

    /// The best way to divide a tensor into fields, and about how many bytes it takes; nil if there is none.
    static func best(for work: TensorWork, sliceElements: Int) -> (coder: IntegerTensorCoder, byteCount: Double)? {
        var best: (coder: IntegerTensorCoder, byteCount: Double)?
        // Pairs of four bits, and fours of two, are stored as bytes where a type for them is lacking.
        for fieldsLog2 in work.description.elementType == .uint8 ? [0, 1, 2] : [0] {
            guard let coder = IntegerTensorCoder(work, fieldsLog2: fieldsLog2, sliceElements: sliceElements) else { continue }
            let byteCount = coder.estimatedBytes(sliceElements)
            if byteCount < best?.byteCount ?? .infinity { best = (coder, byteCount) }
        }
        return best
    }

    /// Bytes of all slices, going by some of them.
    private func estimatedBytes(_ sliceElements: Int) -> Double {
        let count = view.elementCount
        let slices = (count - 1) / sliceElements + 1
        let sampled = min(slices, Self.sampledSlices)
        var bytes = 0
        var elements = 0
        for number in 0..<sampled {
            let start = slices * number / sampled * sliceElements
            let range = start..<min(start + sliceElements, count)
            let slice = encode(range)
            bytes += slice.codeword.count + slice.rawBits.count
            elements += range.count
        }
        return Double(bytes) * Double(count) / Double(elements) + Double(lineClasses.count + 4 * slices)
    }

    private static let sampledSlices = 4

    /// nil if some fields are too large, or bits behind the last field are not 0.
    private init?(_ work: TensorWork, fieldsLog2: Int, sliceElements: Int) {
        let description = work.description
        guard let unshifted = IntegerFields(description.elementType, fieldsLog2: fieldsLog2, offset: 0),
            let shape = IntegerFields.shape(description.shape, fieldsLog2: fieldsLog2),
            let view = MatrixView(shape, rowAxis: Int(work.rowAxis), rowAxisCount: Int(work.rowAxisCount), order: .cOrder), view.elementCount > 0
        else { return nil }
        bytes = work.original
        let used = view.elementCount * unshifted.bitCount
        if used % 8 != 0, bytes[bytes.count - 1] >> UInt8(used % 8) != 0 { return nil }
        guard let offset = Self.offset(bytes, unshifted, view.elementCount), let fields = IntegerFields(description.elementType, fieldsLog2: fieldsLog2, offset: offset)
        else { return nil }
        self.fields = fields
        self.view = view
        let lines = LineStatistics.classes(ofIntegers: bytes, fields, view: view)
        coding.quantizerKind = QuantizerKind.integer.rawValue
        coding.integerCoding.offset = offset
        coding.integerCoding.fieldsLog2 = UInt8(fieldsLog2)
        coding.magnitudeCode = TensorCoder.magnitudeCode(mean: lines.meanMagnitude)
        coding.rowAxis = work.rowAxis
        coding.rowAxisCount = work.rowAxisCount
        let choice = unsafe CodingToolChoice(
            shape, view: view, candidates: ScaleClasses(rows: lines.rows, columns: lines.columns), leastGain: .any,
            binarization: IndexBinarization(magnitudeCode: coding.magnitudeCode), ranges: TensorCoder.fullSample.ranges(of: view.elementCount),
            sliceElements: sliceElements
        ) { [bytes] range, indices in
            unsafe Self.fill(indices, range, bytes, fields)
        }
        choice.fill(&coding)
        lineClasses = choice.codeword
        classes = choice.classes
    }

    /// The value that indices are counted from: the most frequent one of small fields, else about the mean; nil if a field is too far from it.
    private static func offset(_ bytes: ByteView, _ fields: IntegerFields, _ count: Int) -> Int64? {
        var least = Int64.max
        var most = Int64.min
        var sum = 0.0
        var counts = [Int](repeating: 0, count: fields.bitCount <= 8 ? 256 : 0)
        for place in 0..<count {
            guard let value = fields.value(bytes, place) else { return nil }
            least = min(least, value)
            most = max(most, value)
            sum += Double(value)
            if !counts.isEmpty { counts[Int(value + 128) & 255] += 1 }
        }
        guard let spread = most.subtractingReportingOverflow(least).overflow ? nil : most - least, spread < largestMagnitude else { return nil }
        var offset = Int64((sum / Double(count)).rounded(.toNearestOrEven))
        if let (place, _) = counts.enumerated().max(by: { $0.element < $1.element }) {
            offset = fields.isSigned ? Int64(place) - 128 : Int64(UInt8(truncatingIfNeeded: place - 128))
        }
        return IntegerCoding.offsetRange.contains(offset) ? min(max(offset, least), most) : nil
    }

    private static func fill(_ indices: UnsafeMutableBufferPointer<Int32>, _ range: Range<Int>, _ bytes: ByteView, _ fields: IntegerFields) {
        for i in 0..<range.count {
            unsafe indices[i] = Int32(truncatingIfNeeded: (fields.value(bytes, range.lowerBound + i) ?? 0) - fields.offset)
        }
    }

    /// Codes the slice at `range` of the coding order.
    func encode(_ range: Range<Int>) -> IndexSliceCoder.Slice {
        unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count) { indices in
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { lineClasses in
                unsafe Self.fill(indices, range, bytes, fields)
                unsafe classes.fill(lineClasses, range: range, of: view)
                var encoder = IndexSliceEncoder(IndexBinarization(magnitudeCode: coding.magnitudeCode), coding.sliceTools())
                return unsafe encoder.encode(UnsafeBufferPointer(indices), classes: UnsafeBufferPointer(lineClasses))
            }
        }
    }
}
