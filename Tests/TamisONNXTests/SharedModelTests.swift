import Foundation
import TamisModel
import TamisONNX
import Testing

/// Real models, where they lie beside the package; counts are those of the Python package onnx 1.23.
@Suite("Real models")
struct SharedModelTests {
    struct Expected: Sendable, CustomTestStringConvertible {
        let file: String
        let producer: String
        let irVersion: Int64
        let nodeCount: Int
        let tensorCount: Int
        let floatTensorCount: Int
        let codedTensorCount: Int
        let codedValueCount: UInt64
        var testDescription: String { file }

        init(_ file: String, _ producer: String, ir: Int64, nodes: Int, tensors: Int, floats: Int, coded: Int, values: UInt64) {
            self.file = file
            self.producer = producer
            irVersion = ir
            nodeCount = nodes
            tensorCount = tensors
            floatTensorCount = floats
            codedTensorCount = coded
            codedValueCount = values
        }
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("shared/models")
    static let isThere = FileManager.default.fileExists(atPath: folder.path)

    static let models = [
        Expected("candy.onnx", "OnnxMLTools 0.1.0.0000", ir: 3, nodes: 59, tensors: 64, floats: 64, coded: 61, values: 424_896),
        Expected("efficientnet-lite0.onnx", "rebuild", ir: 6, nodes: 94, tensors: 102, floats: 102, coded: 100, values: 4_631_000),
        Expected("mnist.onnx", "CNTK 2.5.1", ir: 3, nodes: 12, tensors: 8, floats: 6, coded: 6, values: 5_994),
        Expected("ppocr-cls.onnx", "PaddlePaddle", ir: 7, nodes: 566, tensors: 308, floats: 285, coded: 211, values: 133_624),
        Expected("ppocr4-det.onnx", "", ir: 8, nodes: 672, tensors: 342, floats: 342, coded: 135, values: 1_171_640),
        Expected("ppocr4-rec.onnx", "", ir: 8, nodes: 860, tensors: 420, floats: 365, coded: 122, values: 2_690_109),
        Expected("shufflenet-v2-int8.onnx", "onnx.quantize 0.1.0", ir: 7, nodes: 189, tensors: 414, floats: 134, coded: 56, values: 8_090),
        Expected("silero-vad.onnx", "spox", ir: 8, nodes: 689, tensors: 345, floats: 36, coded: 28, values: 545_280),
        Expected("squeezenet1.1-fp16.onnx", "onnx-caffe2", ir: 3, nodes: 66, tensors: 52, floats: 0, coded: 0, values: 0),
        Expected("squeezenet1.1.onnx", "rebuild", ir: 6, nodes: 65, tensors: 52, floats: 52, coded: 52, values: 1_235_496),
        Expected("super-resolution.onnx", "pytorch 1.2", ir: 4, nodes: 12, tensors: 10, floats: 8, coded: 8, values: 59_657),
    ]

    @Test(.enabled(if: isThere, "skipped: no shared models"), arguments: models)
    func countsAndRoundTrip(_ expected: Expected) throws {
        let file = [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent(expected.file)))
        let model = try scanChecked(file)
        let floats = model.tensors.filter { $0.elementType == .float32 }
        #expect(floats.count == expected.codedTensorCount)
        #expect(floats.reduce(0) { $0 + $1.shape.elementCount } == expected.codedValueCount)
        let summary = try summarize(file)
        #expect(summary.producer == expected.producer)
        #expect(summary.irVersion == expected.irVersion)
        #expect(summary.nodeCount == expected.nodeCount)
        #expect(summary.tensors.count == expected.tensorCount)
        #expect(summary.tensors.count { $0.elementType == "float32" } == expected.floatTensorCount)
        #expect(summary.tensors.filter(\.isCoded).map(\.name) == model.tensors.map(\.name))
        #expect(summary.omittedTensorCount == 0)
    }

    @Test(.enabled(if: isThere, "skipped: no shared models"))
    func everyModelOfTheFolderIsListed() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0.hasSuffix(".onnx") }
        #expect(Set(Self.models.map(\.file)).isSuperset(of: files))
    }
}
