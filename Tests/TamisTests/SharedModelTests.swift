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

    /// One quantizer of each kind with a fineness of its own, one for each other way, and prunings.
    private static let settings = [
        TensorSettings(quantizer: .uniform(deadzone: 0)), TensorSettings(quantizer: .uniform(deadzone: 0.7)), TensorSettings(quantizer: .rateDistortion),
        TensorSettings(quantizer: .trellis(states: 8)), TensorSettings(quantizer: .muLaw(mu: 255, range: nil, levels: nil)),
        TensorSettings(quantizer: .muLaw(mu: 255, range: nil, levels: 256)), TensorSettings(quantizer: .minifloat(exponentBits: 4, mantissaBits: 3)),
        TensorSettings(quantizer: .minifloat(exponentBits: 0, mantissaBits: 3)), TensorSettings(quantizer: .half), TensorSettings(quantizer: .symmetric(bits: 8)),
        TensorSettings(quantizer: .affine(bits: 8, calibration: .minMax)), TensorSettings(quantizer: .affine(bits: 4, calibration: .percentile(99.9))),
        TensorSettings(quantizer: .affine(bits: 4, calibration: .meanSquaredError)), TensorSettings(quantizer: .codebook(levels: 16)),
        TensorSettings(quantizer: .codebook(levels: 256)), TensorSettings(quantizer: .exact), TensorSettings(pruning: .deviations(0.5)),
        TensorSettings(quantizer: .symmetric(bits: 6), pruning: .pattern(kept: 2, group: 4)), TensorSettings(quantizer: .codebook(levels: 32), pruning: .rows(0.5)),
        TensorSettings(quantizer: .trellis(states: 16), pruning: .magnitude(0.01)),
    ]

    /// Every digest is right, and the sink gets what the report says.
    @Test(
        .enabled(if: isThere, "skipped: no shared models"), .enabled(if: isLong, "skipped: long; set TAMIS_FULL_TESTS=1"),
        arguments: ["mnist.onnx", "ppocr-cls.onnx", "silero-vad.onnx", "super-resolution.onnx"], settings)
    func everyQuantizer(_ name: String, _ settings: TensorSettings) throws {
        let model = [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent(name)))
        let stream = try Tamis.encode(model, fileName: name, options: EncodingOptions(effort: 3, settings: settings))
        let back = try Tamis.decode(stream)
        #expect(back.count == model.count)
        if settings.quantizer == .exact { #expect(back == model) }
    }

    @Test(.enabled(if: isThere, "skipped: no shared models"), arguments: small)
    func smallModel(_ name: String) throws { try Self.roundTrip(name) }

    @Test(
        .enabled(if: isThere, "skipped: no shared models"), .enabled(if: isLong, "skipped: long; set TAMIS_FULL_TESTS=1"), arguments: large)
    func largeModel(_ name: String) throws { try Self.roundTrip(name) }
}
