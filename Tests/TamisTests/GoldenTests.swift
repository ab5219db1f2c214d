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
        (EncodingOptions(), "72a342cbbe3d05979aaaccdd0a1a37330063511b53b9d659a928b9894a0da999"),
        (EncodingOptions(effort: 1), "cf108d7790bf63543eb5c09daa04594cc8dfedcdc203456bbc638fd6524232b0"),
        (EncodingOptions(target: .quality(decibels: 30), effort: 2, sliceElementsLog2: 12), "cd797cdfc84566b34db1e758026abae7507e1ea386ce202e5090437efbc6f9ec"),
        (EncodingOptions(target: .quality(decibels: 3), settings: .rounding(0.6)), "ee254d9a5adb4fef93abb7f535685a14a1f88a308ad2b0ed8ddcf8f4aea30d6b"),
        (EncodingOptions(target: .step(0.01), settings: .rounding(0), exclusions: ["conv*"]), "45a5e7cc11286795a9c8ab60d19b9928393df14bacea8bf260e0d8d220f44bc7"),
        (EncodingOptions(effort: 3), "809d77739f3ac8d103f2372bc514b2c5d2f3bd5f43bfcadc460d7e618d069f06"),
    ] as [(EncodingOptions, String)])
    func syntheticModel(_ options: EncodingOptions, _ expected: String) throws {
        let digest = try Self.digest(RoundTripTests.model, options)
        #expect(digest == expected)
    }

    /// Trellises of every number of states; the long ones take their time without optimization.
    @Test(arguments: [
        (EncodingOptions(target: .snr(decibels: 20), allocation: .global, effort: 4), "c0aa7d3a1ae4ddb5f51bc7f2bf9956899d10f71ff5c5ae90517916d181ceb7ca"),
        (EncodingOptions(effort: 5), "6ab8b3b700fc5a615dcb24333d6760cc54f1eef978f6a130f302ae6449ea0f7a"),
        (EncodingOptions(target: .quality(decibels: 25), effort: 6), "e3aae0fd873b955b0b6d99305a63fad75a78c24b6a975465091a2181972d09fa"),
        (EncodingOptions(effort: 7), "c081f52d7d3ca11cc0f4c5ea062e017d2c96e5e8316b08871f7a578a13ddde83"),
        (EncodingOptions(effort: 8), "869be26ea6d7e771d045192178ae7085db38045467af22b7f50e555d759001f8"),
        (EncodingOptions(target: .quality(decibels: 8), effort: 9, sliceElementsLog2: 11), "8fdae69f1f6bed9d068e1e16166fa04ca4fef8b3b7b2a1c41ecbef504f45efe8"),
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
        (TensorSettings(quantizer: .codebook(levels: 16), pruning: .deviations(0.5)), "0126477215b0bf152d1f5d8885e259fd00ddee1ba2ccbeaeee1f711902a1e7d5"),
        (TensorSettings(quantizer: .muLaw(mu: 255, range: nil, levels: nil)), "ccf943fa1793e2a29fe0fbd95ade1e9647f3fac7d21da764802e469a116136d1"),
        (TensorSettings(quantizer: .muLaw(mu: 255, range: 1, levels: 256), pruning: .magnitude(0.02)), "9910d6f3e272ae9c3ef5f850e089e828a713dea6cc668921de84e680f6ca9886"),
        (TensorSettings(quantizer: .minifloat(exponentBits: 4, mantissaBits: 3), pruning: .pattern(kept: 2, group: 4)), "ad57c8a1e5b06b0155ca2b7bd05e6108849bd79dddf06dca1c3f9cd2d2083f56"),
        (TensorSettings(quantizer: .half), "8ee2b810f39a747dc5975eaafdfe5988b2d2b4067f1a8a8f4636937ceac86b97"),
        (TensorSettings(pruning: .deviations(1)), "5911f93991920b3ccce2852455f1b01b3f2de708a6d966bed8276faff86039ba"),
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
        #expect(digest == "e99e3ebf86888d5ce65e9206341be504eca4391776b95eb5b2cebee1c91fb127")
    }

    @Test func classifierOfTheDemo() throws {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let model = [UInt8](try Data(contentsOf: package.appendingPathComponent("Demo/digits.onnx")))
        let digest = try Self.digest(model, EncodingOptions())
        #expect(digest == "ebc8fa8f57f14ce0715268c474cf5e7e95cad242df0733d8c048f37c25184ed4")
        #expect(try Tamis.decode(Tamis.encode(model, options: EncodingOptions(exclusions: ["*"]))) == model)
    }
}
