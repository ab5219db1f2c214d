import TamisArithmetic
import TamisBits
import TamisModel
import TamisQuantization

/// A small tensor as it is coded in a group unit.
struct GroupMember {
    let quantizer: TensorQuantizer
    private let type: ElementType
    /// In C order.
    private(set) var indices: [Int32]
    private(set) var error = SquaredError()

    init(_ work: TensorWork, _ quantizer: TensorQuantizer) {
        self.quantizer = quantizer
        type = work.description.elementType
        let work = work.loaded()
        indices = [Int32](repeating: 0, count: work.elementCount)
        let search = IndexSearch(work, quantizer, IndexBinarization(magnitudeCode: magnitudeCode(work)))
        unsafe indices.withUnsafeMutableBufferPointer { indices in
            let targets = unsafe search.find(0..<work.elementCount, nil, into: indices)
            error = unsafe search.squaredError(UnsafeBufferPointer(indices), 0..<work.elementCount, of: targets)
        }
    }

    /// Of a tensor by itself.
    private func magnitudeCode(_ work: TensorWork) -> UInt8 {
        TensorCoder.magnitudeCode(mean: work.valueStatistics.meanMagnitude / Double(quantizer.step))
    }

    /// Writes the decoded elements.
    func write(to output: ByteRegion) {
        if type == .float32 { return writeValues(to: output) }
        let isFinite = unsafe values.withUnsafeBufferPointer {
            unsafe HalfPrecision.write($0, as: type, range: 0..<indices.count, of: MatrixView(elementCount: indices.count), to: output)
        }
        precondition(isFinite)
    }

    private func writeValues(to output: ByteRegion) {
        unsafe indices.withUnsafeBufferPointer { unsafe quantizer.reconstruction.write($0, to: output) }
    }

    /// The decoded values, as float32 before they are rounded to the tensor's type.
    var values: [Float] {
        [Float](floats: indices.count) { writeValues(to: $0) }
    }
}

extension [Float] {
    /// As many floats as `body` writes bytes of, little-endian.
    init(floats count: Int, _ body: (ByteRegion) -> Void) {
        self = [Float](repeating: 0, count: count)
        unsafe withUnsafeMutableBytes { unsafe body(ByteRegion(unsafe: $0)) }
    }
}
