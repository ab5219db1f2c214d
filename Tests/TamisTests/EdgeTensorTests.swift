import Tamis
import TamisBits
import TamisModel
import TamisTestSupport
import Testing

@Suite("Tensors at the edges of what there is")
struct EdgeTensorTests {
    private static func edges() -> [SyntheticTensor] {
        var huge = SyntheticTensor("huge range", [50, 50], seed: 3)
        for place in huge.values.indices where place % 3 == 0 { huge.values[place] *= place % 2 == 0 ? 1e30 : 1e-30 }
        var nan = SyntheticTensor("a NaN", [60, 60], seed: 4)
        nan.values[1234] = Float(bitPattern: 0x7FC1_2345)
        var infinite = SyntheticTensor("an infinity", [100], seed: 5)
        infinite.values[7] = -.infinity
        let zeros = [Float](repeating: 0, count: 3000)
        return [
            SyntheticTensor("zeros", [3000], zeros), SyntheticTensor("few zeros", [10, 10], [Float](repeating: 0, count: 100)),
            SyntheticTensor("constant", [2, 1500], [Float](repeating: -0.37, count: 3000)), huge, nan, infinite,
            SyntheticTensor("subnormals", [2500], (0..<2500).map { Float(bitPattern: UInt32($0 * 3)) }),
            SyntheticTensor("minus zero", [100, 30], (0..<3000).map { $0 % 2 == 0 ? -0.0 : Float($0 % 5) }),
            SyntheticTensor("column", [2100, 1], seed: 6), SyntheticTensor("row", [1, 2100], seed: 7),
            SyntheticTensor("one axis", [4000], seed: 8), SyntheticTensor("five axes", [4, 3, 5, 7, 9], seed: 9),
            SyntheticTensor("rank 0", [], [0.25]), SyntheticTensor("one value", [1], [3]), SyntheticTensor("one by one", [1, 1, 1], [-3]),
            SyntheticTensor("63 values", [63], seed: 10), SyntheticTensor("64 values", [64], seed: 11), SyntheticTensor("2047", [2047], seed: 12),
            SyntheticTensor("2048", [2048], seed: 13), SyntheticTensor("Zürich/重み.weight:0", [8, 8], seed: 14),
            SyntheticTensor("one large", [50, 60], (0..<3000).map { $0 == 17 ? 1e6 : Float($0 % 7) * 0.01 }),
        ]
    }

    @Test(arguments: [
        EncodingOptions(), EncodingOptions(settings: .rounding()), EncodingOptions(target: .quality(decibels: 40), settings: .rounding(0.6)),
        EncodingOptions(target: .step(0.01), settings: .rounding()), EncodingOptions(target: .step(0.01)), EncodingOptions(target: .step(7), settings: .rounding(0)),
        EncodingOptions(target: .quality(decibels: -20), settings: .rounding(1), sliceElementsLog2: 4),
        EncodingOptions(target: .quality(decibels: 120), settings: .rounding()), EncodingOptions(target: .quality(decibels: 120)),
        EncodingOptions(target: .step(0x1p-100), settings: .rounding()), EncodingOptions(target: .step(0x1p-100)),
        EncodingOptions(target: .step(0x1p80), settings: .rounding()), EncodingOptions(target: .step(0x1p80)),
        EncodingOptions(target: .quality(decibels: 20), exclusions: ["*"]), EncodingOptions(effort: 1), EncodingOptions(effort: 3), EncodingOptions(effort: 9),
    ])
    func comeBackAsTheSummarySays(_ options: EncodingOptions) throws {
        var source = PlainSource()
        for tensor in Self.edges() { try source.add(tensor) }
        try source.add("no elements", .float32, [3, 0, 2], [])
        try source.add("integers", .int64, [4], [UInt8](repeating: 7, count: 32))
        try source.add("bytes", .uint8, [5], [1, 2, 3, 4, 5])
        try source.add("many bytes", .uint8, [5000], (0..<5000).map { UInt8(truncatingIfNeeded: $0 * $0) })
        let stream = try source.encoded(options)
        let originals = source.tensors.indices.map { (source.tensors[$0].name, source.bytes(of: $0)) }
        var deadzone: Double?
        if case .uniform(let given) = options.settings.quantizer { deadzone = (given * 256).rounded(.toNearestOrEven) / 256 }
        try expectFaithful(stream, originals, deadzone: deadzone)
        let decodedFile = try Tamis.decode(stream)
        #expect(decodedFile.count == source.bytes.count)
        if options.exclusions == ["*"] { #expect(decodedFile == source.bytes) }
        for summary in try TamisFile(bytes: stream).summary().tensors where ["a NaN", "an infinity", "integers", "no elements"].contains(summary.description.name) {
            #expect(summary.isExact)
        }
    }

    @Test(arguments: [65_535, 65_536, 65_537, 3 * 65_536 + 5])
    func wholeSlices(_ count: Int) throws {
        let tensor = SyntheticTensor("w", [count], sigma: 0.1, seed: UInt64(count))
        let stream = try Tamis.encode(SyntheticTensor.model([tensor]), options: EncodingOptions(target: .step(0.1)))
        try expectFaithful(stream, [("w", tensor.bytes)])
        #expect(try TamisFile(bytes: stream).summary().tensors[0].sliceCount == (count + 65_535) / 65_536)
    }

    @Test func modelWithoutTensors() throws {
        let model = ONNX.model(ONNX.graph())
        #expect(try Tamis.decode(Tamis.encode(model)) == model)
    }

    @Test func randomModelsWithoutLoss() throws {
        for seed in 0..<60 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var source = PlainSource()
            for number in 0..<Int.random(in: 0...9, using: &random) {
                let type = ElementType.allCases[Int.random(in: 0..<ElementType.allCases.count, using: &random)]
                let dimensions = (0..<Int.random(in: 0...6, using: &random)).map { _ in Int.random(in: random.next() % 16 == 0 ? 0...3 : 1...4, using: &random) }
                let shape = try #require(Shape(dimensions.map(UInt64.init)))
                let byteCount = Int(try #require(TensorDescription(name: "", elementType: type, shape: shape).byteCount))
                let isPattern = random.next() % 3 == 0
                try source.add("t\(number)", type, dimensions, (0..<byteCount).map { isPattern ? UInt8($0 & 3) : UInt8.random(in: 0...255, using: &random) })
            }
            let stream = try source.encoded(EncodingOptions(exclusions: ["*"]))
            #expect(try Tamis.decode(stream, threads: ThreadCount(1)) == source.bytes, "seed \(seed)")
        }
    }
}
