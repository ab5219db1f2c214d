import Tamis
import TamisBits
import TamisModel
import TamisSyntax
import TamisTestSupport
import Testing

/// What a stream says of its distance from the source is so (Spec §8.4).
@Suite struct WeightErrorTests {
    private static let tensors = [
        SyntheticTensor("matrix", [96, 128], sigma: 0.05, seed: 1), SyntheticTensor("cube", [24, 20, 30], sigma: 2, seed: 2),
        SyntheticTensor("bias", [40], sigma: 0.1, seed: 3), SyntheticTensor("scale", [40], sigma: 10, seed: 4),
    ]

    private static func squares(_ tensor: SyntheticTensor, _ decoded: [UInt8]) -> Double {
        tensor.values.enumerated().reduce(0) { sum, item in
            let bits = UInt32(decoded[item.offset * 4]) | UInt32(decoded[item.offset * 4 + 1]) << 8 | UInt32(decoded[item.offset * 4 + 2]) << 16
                | UInt32(decoded[item.offset * 4 + 3]) << 24
            let difference = Double(item.element) - Double(Float(bitPattern: bits))
            return sum + difference * difference
        }
    }

    @Test(arguments: [
        EncodingOptions(target: .quality(decibels: 15), effort: 1), EncodingOptions(target: .quality(decibels: 15)), EncodingOptions(target: .step(0.01), effort: 6),
        EncodingOptions(target: .quality(decibels: 10), settings: TensorSettings(quantizer: .codebook(levels: 16))),
        EncodingOptions(target: .quality(decibels: 10), settings: TensorSettings(pruning: .magnitude(0.02))), EncodingOptions(exclusions: ["*"]),
    ])
    func statedErrorsAreTrue(_ options: EncodingOptions) throws {
        let file = try TamisFile(bytes: try Tamis.encode(SyntheticTensor.model(Self.tensors), options: options))
        var hasError = false
        for tensor in try file.summary().tensors {
            guard let stated = tensor.weightError, let source = Self.tensors.first(where: { $0.name == tensor.description.name }) else { continue }
            let actual = (Self.squares(source, try file.tensor(named: source.name).1) / Double(source.values.count)).squareRoot()
            #expect(abs(Double(stated) - actual) <= actual / 65536, "\(source.name): \(stated), \(actual)")
            hasError = hasError || actual > 0
        }
        #expect(hasError != (options.exclusions == ["*"]))
    }

    @Test func groupsStateOneErrorForAll() throws {
        let stream = try Tamis.encode(SyntheticTensor.model(Self.tensors), options: EncodingOptions(target: .step(0.05)))
        let file = try TamisFile(bytes: stream)
        let unit = try #require(StreamParts(stream).units.first { $0.type == UnitHeader.UnitType.group.rawValue })
        let group = try ByteView.of(unit.payload) { (view) throws(TamisError) in
            var reader = SyntaxReader(view, base: 0)
            var group = GroupUnit()
            try group.visit(&reader)
            return group
        }
        var squares = 0.0
        var count = 0
        for entry in group.entries where entry.isIndex {
            let description = file.tensors[Int(entry.tensorIndex)]
            let source = try #require(Self.tensors.first { $0.name == description.name })
            squares += Self.squares(source, try file.tensor(named: source.name).1)
            count += source.values.count
        }
        let actual = (squares / Double(count)).squareRoot()
        #expect(count > 0 && actual > 0 && abs(Double(group.weightError) - actual) <= actual / 65536)
    }

    @Test func edges() {
        #expect(WeightError.rounded(squares: 0, count: 0) == 0)
        #expect(WeightError.rounded(squares: .infinity, count: 3) == 0x1p127)
        #expect(WeightError.rounded(squares: .leastNonzeroMagnitude, count: 1 << 40) == .leastNonzeroMagnitude)
        #expect(WeightError.rounded(squares: 12, count: 3) == 2)
    }
}
