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
        (EncodingOptions(), "597eeca2cb031039d2db4cc25d9b974cc7bea0a5c8458d6e16e74e58623ba889"),
        (EncodingOptions(effort: 1), "f67333bdc0d3176d3fc790bf4b29595686ef08611453e289e8940e71cd78a73d"),
        (EncodingOptions(target: .quality(decibels: 30), effort: 2, sliceElementsLog2: 12), "f70dd8412fdd76b02e07f7c3a5cc449a6514318f9f2ac38f28caab2f73a0c48a"),
        (EncodingOptions(target: .quality(decibels: 3), settings: .rounding(0.6)), "57ed0b6ffa85ee5da9858c90f6b73bdeabc3a029cd147a7f482664f7bf80193c"),
        (EncodingOptions(target: .step(0.01), settings: .rounding(0), exclusions: ["conv*"]), "425b192fd273e4eb8b639429018215f47aee95f6ad894d0a9a894273b62a866e"),
        (EncodingOptions(effort: 3), "1ff6bcb67b1a724b0aca436678c055d16aa2ed536c58238f282107b84b72664b"),
    ] as [(EncodingOptions, String)])
    func syntheticModel(_ options: EncodingOptions, _ expected: String) throws {
        let digest = try Self.digest(RoundTripTests.model, options)
        #expect(digest == expected)
    }

    /// Trellises of every number of states; the long ones take their time without optimization.
    @Test(arguments: [
        (EncodingOptions(target: .snr(decibels: 20), allocation: .global, effort: 4), "38acaf44444660c1a66fbf9dc183d6921101024ca83dd288ef457d6ae13e7757"),
        (EncodingOptions(effort: 5), "50a45893bccc2c2e43c76316207f9ae7355c36c9309e94f646dd171c814267ae"),
        (EncodingOptions(target: .quality(decibels: 25), effort: 6), "e70177339f5ae060c0844589ed5b4a940f76ab0826a36675a862b2de98647022"),
        (EncodingOptions(effort: 7), "a007ba3da68c5185746cf3ad7c114c52f5c7589882d63dd737c9a3e596cf9364"),
        (EncodingOptions(effort: 8), "11f4be75f89c6861f3131226579ed7e8b131949ae7ab08c4390ee13314fa48e9"),
        (EncodingOptions(target: .quality(decibels: 8), effort: 9, sliceElementsLog2: 11), "4ea6608eb250711a608fec4512795b8d367ebc052c6e1fef54ef40ace03fa963"),
    ] as [(EncodingOptions, String)])
    func trellises(_ options: EncodingOptions, _ expected: String) throws {
        let tensors = [SyntheticTensor("conv.weight", [40, 8, 3, 3], sigma: 0.2, seed: 1), SyntheticTensor("dense.weight", [60, 50], sigma: 0.05, seed: 3)]
        let digest = try Self.digest(SyntheticTensor.model(tensors), options)
        #expect(digest == expected)
    }

    /// Quantizers with parameters of their own, and pruning.
    @Test(arguments: [
        (TensorSettings(quantizer: .symmetric(bits: 8)), "5e5d568d395035e64cd7103f0f0787ff5154f265c7138f17d36ae5b1896fa350"),
        (TensorSettings(quantizer: .affine(bits: 4, calibration: .meanSquaredError), pruning: .rows(0.98)), "a22eae6cc718743d150d2f2d33b5a0bec3467aec85259e816f700e4e1558b865"),
        (TensorSettings(quantizer: .affine(bits: 6, calibration: .percentile(99))), "0eef1a417408cebc21ca1e91b82f8fb0dbbe1f91819cb193f82e1cbb2039363d"),
        (TensorSettings(quantizer: .codebook(levels: 16), pruning: .deviations(0.5)), "aab4381a3800d9b4886dde5353b8e3ad8e611ec3464812ede4fa7361483aca83"),
        (TensorSettings(quantizer: .muLaw(mu: 255, range: nil, levels: nil)), "50e282d3a1bde7cab781dad5cfdba9c2db441e54bd547aca8f414024fa221885"),
        (TensorSettings(quantizer: .muLaw(mu: 255, range: 1, levels: 256), pruning: .magnitude(0.02)), "e16d823fec71833437655e526def56b77358f0265be5f56adc9f0c2fe89ac935"),
        (TensorSettings(quantizer: .minifloat(exponentBits: 4, mantissaBits: 3), pruning: .pattern(kept: 2, group: 4)), "66f733203265f7ffa425482e92e8f5b497c4666174d8575c29a2bca4750dcbd7"),
        (TensorSettings(quantizer: .half), "656fab1f7786547f42f5361d0585c97d1bb88bbc3247204acc7815b545a104cb"),
        (TensorSettings(pruning: .deviations(1)), "fbb7cd9f8f8ba1c04a4f2a4c5df67f09b624b2741bc079b72215c9ab364aece3"),
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
        #expect(digest == "00b4591ba2a7ccddc1d26359f53c84ec6e32bd0115cd353d695119ce7904c1aa")
    }

    @Test func classifierOfTheDemo() throws {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let model = [UInt8](try Data(contentsOf: package.appendingPathComponent("Demo/digits.onnx")))
        let digest = try Self.digest(model, EncodingOptions())
        #expect(digest == "df117142ae091b3cda0ee81e83718213906f7f5494071606f82dd88a7e8a31e3")
        #expect(try Tamis.decode(Tamis.encode(model, options: EncodingOptions(exclusions: ["*"]))) == model)
    }
}
