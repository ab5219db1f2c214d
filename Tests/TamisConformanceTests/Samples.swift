import Tamis
import TamisDigest
import TamisTestSupport

@testable import TamisConformance

/// Streams and answers that the tests have in common.
enum Samples {
    static func sha256(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { Hexadecimal.text(SHA256.of($0)) } }

    static let content = DecodedContent(
        files: [DecodedContent.File(name: "a.onnx", byteCount: 3, sha256: sha256([1]))],
        tensors: [
            DecodedContent.Tensor(name: "w", type: "float32", shape: [2, 3], sha256: sha256([2])),
            DecodedContent.Tensor(name: "s", type: "int64", shape: [], sha256: sha256([3])),
        ])

    static func outcome(
        _ ending: ProcessOutcome.Ending, _ output: String = "", errors: String = "", seconds: Double = 0.5
    ) -> ProcessOutcome {
        ProcessOutcome(ending: ending, output: Array(output.utf8), errors: errors, seconds: seconds, peakBytes: 1 << 20)
    }

    static func vector(
        _ expectation: Manifest.Vector.Expectation, content: DecodedContent? = nil, refusal: Refusal? = nil
    ) -> Manifest.Vector {
        Manifest.Vector(
            id: "v", file: "vectors/v.tamis", group: .invalid, expectation: expectation, sha256: sha256([]), about: "", content: content, refusal: refusal)
    }

    static func result(_ id: String, _ verdict: Verdict, group: String = "valid", found: String = "") -> CaseResult {
        CaseResult(id: id, group: group, verdict: verdict, expected: "decodes", found: found, seconds: 0.25, peakBytes: 1000)
    }

    /// A model of one matrix, irregular values, and one list of integers.
    static let model: [UInt8] = {
        var generator = SplitMix64(seed: 7)
        let values = (0..<2048).map { _ in Float(Int64(bitPattern: generator.next()) >> 40) / 0x1p23 }
        let bytes = values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) } }
        return ONNX.model(
            ONNX.graph(initializers: [
                ONNX.tensor("w", dims: [32, 64], .raw(bytes)), ONNX.tensor("sizes", dims: [2], type: 7, .raw([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])),
                ONNX.tensor("b", dims: [64], .raw(Array(bytes.prefix(256)))),
            ]))
    }()
}
