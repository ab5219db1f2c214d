import Tamis
import TamisBits
import TamisEncoder
import TamisModel
import TamisTestSupport
import Testing

/// A model file of no format: bytes with holes for tensors of any type and shape, also such as ONNX files keep in the skeleton.
struct PlainSource {
    private(set) var bytes = Array("begin".utf8)
    private(set) var tensors: [TensorDescription] = []
    private(set) var holes: [SourceModel.Hole] = []

    mutating func add(_ name: String, _ type: ElementType, _ dimensions: [Int], _ content: [UInt8]) throws {
        let shape = try #require(Shape(dimensions.map(UInt64.init)))
        let tensor = TensorDescription(name: name, elementType: type, shape: shape)
        #expect(tensor.byteCount == UInt64(content.count))
        holes.append(SourceModel.Hole(offset: UInt64(bytes.count), byteCount: UInt64(content.count), tensor: tensors.count))
        tensors.append(tensor)
        bytes += content + Array("|\(tensors.count)".utf8)
    }

    mutating func add(_ tensor: SyntheticTensor) throws { try add(tensor.name, .float32, tensor.dimensions, tensor.bytes) }

    mutating func addSkeleton(_ more: [UInt8]) { bytes += more }

    func encoded(_ options: EncodingOptions = EncodingOptions(), fileName: String = "m", threads: Int = 1) throws -> [UInt8] {
        final class Sink { var bytes: [UInt8] = [] }
        let sink = Sink()
        let source = SourceModel(
            format: "plain", files: [.init(name: fileName, byteCount: UInt64(bytes.count))], tensors: tensors, holes: holes, floatElementCount: 0)
        try ByteView.of(bytes) { (view) throws(TamisError) in
            let encoder = try ModelEncoder(source: source, bytes: SourceBytes([view]), options: options, threads: ThreadCount(threads))
            _ = try encoder.encode { (part) throws(TamisError) in sink.bytes += part.array }
        }
        return sink.bytes
    }

    func bytes(of tensor: Int) -> [UInt8] {
        let hole = holes[tensor]
        return Array(bytes[Int(hole.offset)..<Int(hole.offset + hole.byteCount)])
    }
}
