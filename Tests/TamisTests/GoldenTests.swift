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
        (EncodingOptions(), "c14b4faebf4c5283f2c3f58fd60772eba45556c46a210a09dfcccaa8809f4be8"),
        (EncodingOptions(effort: 1), "cf108d7790bf63543eb5c09daa04594cc8dfedcdc203456bbc638fd6524232b0"),
        (EncodingOptions(target: .quality(decibels: 30), effort: 2, sliceElementsLog2: 12), "cd797cdfc84566b34db1e758026abae7507e1ea386ce202e5090437efbc6f9ec"),
        (EncodingOptions(target: .quality(decibels: 3), settings: .rounding(0.6)), "ee254d9a5adb4fef93abb7f535685a14a1f88a308ad2b0ed8ddcf8f4aea30d6b"),
        (EncodingOptions(target: .step(0.01), settings: .rounding(0), exclusions: ["conv*"]), "45a5e7cc11286795a9c8ab60d19b9928393df14bacea8bf260e0d8d220f44bc7"),
        (EncodingOptions(effort: 3), "37bb69fd52617131d7f8e3bfaf8e886479ff03db0709b321b8f933d194f5ab85"),
    ] as [(EncodingOptions, String)])
    func syntheticModel(_ options: EncodingOptions, _ expected: String) throws {
        let digest = try Self.digest(RoundTripTests.model, options)
        #expect(digest == expected)
    }

    /// Trellises of every number of states; the long ones take their time without optimization.
    @Test(arguments: [
        (EncodingOptions(target: .snr(decibels: 20), allocation: .global, effort: 4), "c0aa7d3a1ae4ddb5f51bc7f2bf9956899d10f71ff5c5ae90517916d181ceb7ca"),
        (EncodingOptions(effort: 5), "e06e87fc489003e8c433a3f2c67fdfb6029fcbb90b2ff101d6e8d21fc2143785"),
        (EncodingOptions(target: .quality(decibels: 25), effort: 6), "f94c96aca2f777f4aac12031497b1a1bb3a4b7d7e49edee48812cfb5e1a3c920"),
        (EncodingOptions(effort: 7), "6399d6b25c615af51bfe1bb1011d6b2a35c61112d8cdb6fac60efc542e32b9b3"),
        (EncodingOptions(effort: 8), "16263319f9f059d6afb1901dccce4bc587a627ccad49448922fd09a66fa34813"),
        (EncodingOptions(target: .quality(decibels: 8), effort: 9, sliceElementsLog2: 11), "1d2c0dd809614ee26b997368fab87c45f74d44e41f7df6917662a7cd8bd136d5"),
    ] as [(EncodingOptions, String)])
    func trellises(_ options: EncodingOptions, _ expected: String) throws {
        let tensors = [SyntheticTensor("conv.weight", [40, 8, 3, 3], sigma: 0.2, seed: 1), SyntheticTensor("dense.weight", [60, 50], sigma: 0.05, seed: 3)]
        let digest = try Self.digest(SyntheticTensor.model(tensors), options)
        #expect(digest == expected)
    }

    /// Quantizers with parameters of their own, and pruning.
    @Test(arguments: [
        (TensorSettings(quantizer: .symmetric(bits: 8)), "8169579d002ca65c14bac14d53b155f9fe9891626874f3112a7ca5d2d35d12a1"),
        (TensorSettings(quantizer: .affine(bits: 4, calibration: .meanSquaredError), pruning: .rows(0.98)), "a91c2b5c4253e681df3a9aae4642a57bf26c463196e74e72f8d91a5402ba7586"),
        (TensorSettings(quantizer: .affine(bits: 6, calibration: .percentile(99))), "af5680f8f63e228c7907ceb3991a488a9dfac8ab0dcec8ff7165a8d7bf157d53"),
        (TensorSettings(quantizer: .codebook(levels: 16), pruning: .deviations(0.5)), "7dd277797ff74e0e8621615be08dfc87d8255114023dafafaee0e0765ac16afd"),
        (TensorSettings(quantizer: .muLaw(mu: 255, range: nil, levels: nil)), "91b74bbd3fcde2ec41bd17d49406fdbac2520376b7c38bba433add9bde40b03b"),
        (TensorSettings(quantizer: .muLaw(mu: 255, range: 1, levels: 256), pruning: .magnitude(0.02)), "20c1cc84115b77cd442c61a07d67bb03645970a4a0b53a17dc26f19b56145fe3"),
        (TensorSettings(quantizer: .minifloat(exponentBits: 4, mantissaBits: 3), pruning: .pattern(kept: 2, group: 4)), "82ca17a5e8469d243b88f5e7abfcd20efece2d184d1ff95fe27205c84c8350a6"),
        (TensorSettings(quantizer: .half), "c8712d7dd7a7b5ef88683e36571e432e5901bb0acac748461a23ba5d7d6767fc"),
        (TensorSettings(pruning: .deviations(1)), "a5d93e74d5560f2fe856df398fc79693c1046af44d1e750173dab8673446bb05"),
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
        #expect(digest == "9c03767c5542882d9ffa2db6f715d537e13d5dafa3b7fe58337268bff2e22978")
    }

    @Test func classifierOfTheDemo() throws {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let model = [UInt8](try Data(contentsOf: package.appendingPathComponent("Demo/digits.onnx")))
        let digest = try Self.digest(model, EncodingOptions())
        #expect(digest == "a10910622c67bdf9501fa8ceac0fc1f43c4af45532a0144e6ed424d9c6b983d8")
        #expect(try Tamis.decode(Tamis.encode(model, options: EncodingOptions(exclusions: ["*"]))) == model)
    }
}
