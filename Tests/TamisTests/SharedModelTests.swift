import Foundation
import Tamis
import Testing

/// Real models, where they lie beside the package; the large ones only in the long run.
@Suite("Real models go through a stream")
struct SharedModelTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("shared/models")
    private static let isThere = FileManager.default.fileExists(atPath: folder.path)
    private static let isLong = ProcessInfo.processInfo.environment["TAMIS_FULL_TESTS"] == "1"
    private static let small = ["candy.onnx", "mnist.onnx", "ppocr-cls.onnx", "silero-vad.onnx", "super-resolution.onnx"]
    private static let large = [
        "efficientnet-lite0.onnx", "ppocr4-det.onnx", "ppocr4-rec.onnx", "shufflenet-v2-int8.onnx", "squeezenet1.1-fp16.onnx", "squeezenet1.1.onnx",
    ]

    private static func roundTrip(_ name: String) throws {
        let model = [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
        let exact = try Tamis.encode(model, fileName: name, options: EncodingOptions(exclusions: ["*"]))
        #expect(try Tamis.decode(exact) == model)
        let stream = try Tamis.encode(model, fileName: name)
        #expect(try Tamis.decode(stream).count == model.count)
        #expect(stream.count <= exact.count)
    }

    @Test(.enabled(if: isThere, "skipped: no shared models"), arguments: small)
    func smallModel(_ name: String) throws { try Self.roundTrip(name) }

    @Test(
        .enabled(if: isThere, "skipped: no shared models"), .enabled(if: isLong, "skipped: long; set TAMIS_FULL_TESTS=1"), arguments: large)
    func largeModel(_ name: String) throws { try Self.roundTrip(name) }
}
