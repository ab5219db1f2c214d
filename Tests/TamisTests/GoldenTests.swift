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
                    return header.codingMode == CodingMode.raw.rawValue ? try header.encoded() : unit.payload
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
        (EncodingOptions(), "fbff5b3354751d443d8e71c23176056f48bc3670547f2c1845c611d0e1bcaa2e"),
        (EncodingOptions(effort: 1), "19ac924594439e1b058fb9c54097dfd327c44b4654b331f90660254df7536686"),
        (EncodingOptions(target: .quality(decibels: 30), effort: 2, sliceElementsLog2: 12), "1f3306b4bfba8e0f00d2a97be7e6f4fa580d1e750f4113fc4c4e4e10e3547a0b"),
        (EncodingOptions(target: .quality(decibels: 3), settings: .rounding(0.6)), "e14720e8471743a8384bd4e10549b64ec4588db19260e8d3447af8a1b3e073f0"),
        (EncodingOptions(target: .step(0.01), settings: .rounding(0), exclusions: ["conv*"]), "8d8a7d6bd1721364cac30141a0ef2e6b96438d6a49191c044f0b84aa30336e45"),
        (EncodingOptions(effort: 3), "c97fd0d9532860a2b4d6a7a78358d53720ca0a16c372febd14719ad88f1fc65f"),
    ] as [(EncodingOptions, String)])
    func syntheticModel(_ options: EncodingOptions, _ expected: String) throws {
        let digest = try Self.digest(RoundTripTests.model, options)
        #expect(digest == expected)
    }

    /// Trellises of every number of states; the long ones take their time without optimization.
    @Test(arguments: [
        (EncodingOptions(target: .snr(decibels: 20), allocation: .global, effort: 4), "e67c08c8613a71c9f9226ab5ba8d92a1276ce8cd4e86f82445fb3479b738635e"),
        (EncodingOptions(effort: 5), "713bfe0b84c73d03b0f31fe3b62c00f7c930b2629ea9da69bc5a9c62acb43402"),
        (EncodingOptions(target: .quality(decibels: 25), effort: 6), "4a3f62bbf69d0773f14e53df03e69ae33ce8bc06ea8bf90c1e268d3f2675dd67"),
        (EncodingOptions(effort: 7), "ba50b99fb4f2b3f701a71ed2bff052d14fb3f7a2592f223f05674eb1a17b4188"),
        (EncodingOptions(effort: 8), "9cbe549906ef98872eda540cd5dc9d83bd7eeabc9992ba4ff87d9b79821ca483"),
        (EncodingOptions(target: .quality(decibels: 8), effort: 9, sliceElementsLog2: 11), "ac60fb4d102ac890e82b6580e1f14fd758d1e7a8ea7bf21b1a013f4c70e0cd5f"),
    ] as [(EncodingOptions, String)])
    func trellises(_ options: EncodingOptions, _ expected: String) throws {
        let tensors = [SyntheticTensor("conv.weight", [40, 8, 3, 3], sigma: 0.2, seed: 1), SyntheticTensor("dense.weight", [60, 50], sigma: 0.05, seed: 3)]
        let digest = try Self.digest(SyntheticTensor.model(tensors), options)
        #expect(digest == expected)
    }

    /// Quantizers with parameters of their own, and pruning.
    @Test(arguments: [
        (TensorSettings(quantizer: .symmetric(bits: 8)), "a03973e0776ceffd592822453909f70abd169aa876d26bf16ad2903c38f0976c"),
        (TensorSettings(quantizer: .affine(bits: 4, calibration: .meanSquaredError), pruning: .rows(0.98)), "bd042e28a67151c3ce248d0c8dfbccaab6902154ca7e5ba432139e42f86596c4"),
        (TensorSettings(quantizer: .affine(bits: 6, calibration: .percentile(99))), "8ff16e73d3d57a7ab646106fed2be8d7e5b6f0afe0ee943b3db3f60cfd7f1c00"),
        (TensorSettings(quantizer: .codebook(levels: 16), pruning: .deviations(0.5)), "b09423fc4a795a52f44ca9ad0cfbac81e9b6e34be885962b23b980fdd932ee6a"),
        (TensorSettings(quantizer: .muLaw(mu: 255, range: nil, levels: nil)), "2a1bce5c33893de3f45437c1f0f9160b94f74fa3e844580a5b22410dca3e47da"),
        (TensorSettings(quantizer: .muLaw(mu: 255, range: 1, levels: 256), pruning: .magnitude(0.02)), "d30cb4b9498a2603c9589f14151fb8a239dfefcf336ea7e95d730e1be4268f48"),
        (TensorSettings(quantizer: .minifloat(exponentBits: 4, mantissaBits: 3), pruning: .pattern(kept: 2, group: 4)), "2cf2ffa6ce6a87b976ac6b20cc5b2e21fb82b83eabf53a310d5e93db8d25223f"),
        (TensorSettings(quantizer: .half), "a7883d812f56aadbee49830043fb608bb6308b7dcce59c7296375c4df182df7a"),
        (TensorSettings(pruning: .deviations(1)), "d1933bd4203fa4efe4a4af3480ea5c47e73c74cb520f40193c2e9a6ebf4626f9"),
    ] as [(TensorSettings, String)])
    func quantizers(_ settings: TensorSettings, _ expected: String) throws {
        let digest = try Self.digest(RoundTripTests.model, EncodingOptions(settings: settings))
        #expect(digest == expected, "\(settings)")
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
        #expect(digest == "d68da390d64fdd25d64638ea8e57635bf35f930ce3e8173fc2a44d739b0b1cb8")
    }

    @Test func classifierOfTheDemo() throws {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let model = [UInt8](try Data(contentsOf: package.appendingPathComponent("Demo/digits.onnx")))
        let digest = try Self.digest(model, EncodingOptions())
        #expect(digest == "5444f955d6760a5c3ed3ac470da303777ec2a6e949b3ddfc48de054bf8799de1")
        #expect(try Tamis.decode(Tamis.encode(model, options: EncodingOptions(exclusions: ["*"]))) == model)
    }
}
