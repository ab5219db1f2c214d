import TamisArithmetic
import TamisBits
import TamisDecoder
import TamisFiles
import TamisQuantization
import TamisSyntax

/// The slices of all float32 tensors whose indices have a step, without the file around them: the decoder's inner loops on one thread.
final class IndexSlices {
    private struct Tensor {
        let coded: CodedTensor
        let content: CodedTensor.IndexContent
        let classes: ScaleClasses
        /// In the output.
        let place: Range<Int>
    }

    private let tensors: [Tensor]
    private let output: ReservedMemory
    private let sliceElements: Int
    private let indices: UnsafeMutableBufferPointer<Int32>
    private let lineClasses: UnsafeMutableBufferPointer<UInt8>

    var tensorCount: Int { tensors.count }
    var sliceCount: Int { tensors.reduce(0) { $0 + $1.content.slices.count } }
    var elementCount: Int { tensors.reduce(0) { $0 + $1.content.view.elementCount } }

    init(of stream: EncodedStream) throws(TamisError) {
        var tensors: [Tensor] = []
        var end = 0
        for unit in stream.units where unit.type == .data {
            let coded = try CodedTensor(unit, of: stream)
            guard case .index(let content) = coded.content, content.elementType == .float32,
                QuantizerKind(rawValue: content.coding.quantizerKind)?.hasGrid == true
            else { continue }
            let start = end
            end += 4 * content.view.elementCount
            tensors.append(Tensor(coded: coded, content: content, classes: try content.decodeClasses(), place: start..<end))
        }
        self.tensors = tensors
        output = try ReservedMemory(byteCount: UInt64(end))
        sliceElements = stream.sliceElements
        indices = .allocate(capacity: sliceElements)
        indices.initialize(repeating: 0)
        lineClasses = .allocate(capacity: sliceElements)
        lineClasses.initialize(repeating: 0)
    }

    deinit {
        indices.deallocate()
        lineClasses.deallocate()
    }

    /// Decodes all slices, some of them together, and writes their values.
    func decode() throws(TamisError) {
        for tensor in tensors {
            for part in 0..<tensor.content.partCount {
                try tensor.content.decode(part: part, sliceElements: sliceElements, classes: tensor.classes, nil, into: output.region[tensor.place])
            }
        }
    }

    /// The same by the plain decoder.
    func decodePlainly() throws(TamisError) {
        for tensor in tensors {
            for number in tensor.content.slices.indices where !decodePlain(slice: number, of: tensor) {
                throw TamisError(.invalidCodeword, "the codeword of slice \(number) of '\(tensor.coded.description.name)' is unsound")
            }
        }
    }

    /// Compares what was written last with the digests of the tensors.
    func check() throws(TamisError) {
        for tensor in tensors { try tensor.coded.checkDigest(output.view[tensor.place]) }
    }

    /// One slice after the other, by the decoder that reads like the specification.
    private func decodePlain(slice number: Int, of tensor: Tensor) -> Bool {
        let content = tensor.content
        let slice = content.slices[number]
        let range = content.range(ofSlice: number, sliceElements: sliceElements)
        let indices = UnsafeMutableBufferPointer(rebasing: indices[..<range.count])
        let lineClasses = UnsafeMutableBufferPointer(rebasing: lineClasses[..<range.count])
        tensor.classes.fill(lineClasses, range: range, of: content.view)
        var coder = IndexSliceCoder(IndexBinarization(magnitudeCode: content.coding.magnitudeCode), content.tools)
        let isSound = coder.decode(
            codeword: slice.codeword, rawBits: slice.rawBits, classes: UnsafeBufferPointer(lineClasses), into: indices)
        content.reconstruction.write(
            UnsafeBufferPointer(indices), range: range, of: content.view, classes: tensor.classes, to: output.region[tensor.place])
        return isSound
    }
}
