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
        (EncodingOptions(), "19002372ff4ea0c0ae45b9e7ebb8f62b5c1ecf06a00c0b59cd7b945428a8bfa7"),
        (EncodingOptions(effort: 1), "cf108d7790bf63543eb5c09daa04594cc8dfedcdc203456bbc638fd6524232b0"),
        (EncodingOptions(target: .quality(decibels: 30), effort: 2, sliceElementsLog2: 12), "cd797cdfc84566b34db1e758026abae7507e1ea386ce202e5090437efbc6f9ec"),
        (EncodingOptions(target: .quality(decibels: 3), settings: .rounding(0.6)), "ccc49f43b03bb7b383b918ce05e548c53e6409eadcdfdb387bf88fbfd56eb425"),
        (EncodingOptions(target: .step(0.01), settings: .rounding(0), exclusions: ["conv*"]), "45a5e7cc11286795a9c8ab60d19b9928393df14bacea8bf260e0d8d220f44bc7"),
        (EncodingOptions(effort: 3), "458ae0188e17baf9feb83e25af6dbb304182e403e04891c601f2c0f21a878f91"),
    ] as [(EncodingOptions, String)])
    func syntheticModel(_ options: EncodingOptions, _ expected: String) throws {
        let digest = try Self.digest(RoundTripTests.model, options)
        #expect(digest == expected)
    }

    /// Trellises of every number of states; the long ones take their time without optimization.
    @Test(arguments: [
        (EncodingOptions(target: .snr(decibels: 20), allocation: .global, effort: 4), "1dfc95d2fbf1a7f49cc2ad07bdeff88cf35e7a3652348c45c708ed5510f244ca"),
        (EncodingOptions(effort: 5), "0bd3fcdfe6c38102c7274e945def9d33c23b058c9fc94d4ce71a0e92673c0a06"),
        (EncodingOptions(target: .quality(decibels: 25), effort: 6), "d6c7e98bb2545d9e8823f7e653444a7f91d84e18817de528afe8dac921579c27"),
        (EncodingOptions(effort: 7), "625977a3aa65546470ad9df52ae9e2a099e1e80f2d26e629675fa952f404ae23"),
        (EncodingOptions(effort: 8), "18f8f712cc7466836835435c3a6548e230eb26ca54d60d195a7cd14c57de2c66"),
        (EncodingOptions(target: .quality(decibels: 8), effort: 9, sliceElementsLog2: 11), "7cad484731f32279a272e61b3b53734e106c1488d1a8032970e1e930fb7a0e65"),
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
        (TensorSettings(quantizer: .muLaw(mu: 255, range: nil, levels: nil)), "6ec543a20cf681fbb59e86b288f131d42a89ca8fc6163536cdff535fe3a61259"),
        (TensorSettings(quantizer: .muLaw(mu: 255, range: 1, levels: 256), pruning: .magnitude(0.02)), "20c1cc84115b77cd442c61a07d67bb03645970a4a0b53a17dc26f19b56145fe3"),
        (TensorSettings(quantizer: .minifloat(exponentBits: 4, mantissaBits: 3), pruning: .pattern(kept: 2, group: 4)), "82ca17a5e8469d243b88f5e7abfcd20efece2d184d1ff95fe27205c84c8350a6"),
        (TensorSettings(quantizer: .half), "c8712d7dd7a7b5ef88683e36571e432e5901bb0acac748461a23ba5d7d6767fc"),
        (TensorSettings(pruning: .deviations(1)), "f99823490f7a30560eccdc7185185635da86a15f10bf8ee56089620bc43e3840"),
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
        #expect(digest == "b9d62453ebc01e22bc048daea8779a7ccd8562ce113df92fc8931f4434b55e14")
    }

    @Test func classifierOfTheDemo() throws {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let model = [UInt8](try Data(contentsOf: package.appendingPathComponent("Demo/digits.onnx")))
        let digest = try Self.digest(model, EncodingOptions())
        #expect(digest == "a10910622c67bdf9501fa8ceac0fc1f43c4af45532a0144e6ed424d9c6b983d8")
        #expect(try Tamis.decode(Tamis.encode(model, options: EncodingOptions(exclusions: ["*"]))) == model)
    }
}
