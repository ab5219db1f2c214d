import Foundation
import Tamis
import TamisBits
import TamisDigest
import TamisSyntax
import TamisTestSupport
import Testing

/// The encoder's bytes are stable: a change of a digest here is a change of the encoder's version.
///
/// Only what Tamis codes itself is hashed, indices and their headers: zstd frames may differ between versions of libzstd.
@Suite("Same input, same bytes")
struct GoldenTests {
    private static func digest(_ model: [UInt8], _ options: EncodingOptions) throws -> String {
        let stream = try Tamis.encode(model, options: options, threads: ThreadCount(2))
        var hash = SHA256()
        for unit in StreamParts(stream).units {
            let coded = try ByteView.of(unit.payload) { (view) throws(TamisError) -> [UInt8] in
                var reader = SyntaxReader(view, base: 0)
                switch UnitHeader.UnitType(rawValue: unit.type) {
                case .data:
                    var header = DataUnit()
                    try header.visit(&reader)
                    return header.codingMode == CodingMode.index.rawValue ? unit.payload : try header.encoded()
                case .group:
                    var header = GroupUnit()
                    try header.visit(&reader)
                    let codeword = unit.payload[(reader.reader.position + Int(header.rawFrameBytes))...]
                    header.rawFrameBytes = 0
                    return try header.encoded() + codeword
                default: return []
                }
            }
            coded.withUnsafeBytes { hash.update($0) }
        }
        return Hexadecimal.text(hash.value)
    }

    @Test(arguments: [
        (EncodingOptions(), ""),
        (EncodingOptions(effort: 1), ""),
        (EncodingOptions(target: .quality(decibels: 30), effort: 2, sliceElementsLog2: 12), ""),
        (EncodingOptions(target: .quality(decibels: 3), settings: .rounding(0.6)), ""),
        (EncodingOptions(target: .step(0.01), settings: .rounding(0), exclusions: ["conv*"]), ""),
        (EncodingOptions(effort: 3), ""),
        (EncodingOptions(target: .snr(decibels: 20), allocation: .global, effort: 4), ""),
        (EncodingOptions(target: .bitsPerWeight(3), effort: 6), ""),
        (EncodingOptions(effort: 7), ""),
        (EncodingOptions(effort: 8), ""),
        (EncodingOptions(target: .quality(decibels: 8), effort: 9, sliceElementsLog2: 14), ""),
    ] as [(EncodingOptions, String)])
    func syntheticModel(_ options: EncodingOptions, _ expected: String) throws {
        let digest = try Self.digest(RoundTripTests.model, options)
        #expect(digest == expected)
    }

    /// Rows and columns of very different scales, correlated signs: the model for the tools the other one has no use for.
    @Test func structuredModel() throws {
        var random = SplitMix64(seed: 99)
        var values: [Float] = []
        for row in 0..<48 {
            for column in 0..<(16 * 9) {
                let scale = Float(1 << (row % 6)) * Float(1 + column % 16) * 0.001
                values.append((SyntheticTensor.gaussian(&random) + (column % 9 < 4 ? 1.5 : -1.5)) * scale)
            }
        }
        let model = SyntheticTensor.model([SyntheticTensor("kernels", [48, 16, 3, 3], values)])
        let stream = try Tamis.encode(model)
        #expect(try TamisFile(bytes: stream).summary().tensors[0].tools.count >= 3)
        let digest = try Self.digest(model, EncodingOptions())
        #expect(digest == "85fd42dd9c8c8a2581309ae03e2f988f72822e8876099403ce52d15d076593c9")
    }

    @Test func classifierOfTheDemo() throws {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let model = [UInt8](try Data(contentsOf: package.appendingPathComponent("Demo/digits.onnx")))
        let digest = try Self.digest(model, EncodingOptions())
        #expect(digest == "3b0d0b7f9c04691132a3837a69a3e8406b7638cab32c337d4aee70c3a7126978")
        #expect(try Tamis.decode(Tamis.encode(model, options: EncodingOptions(exclusions: ["*"]))) == model)
    }
}
