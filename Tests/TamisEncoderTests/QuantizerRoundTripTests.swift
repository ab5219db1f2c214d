import TamisBits
import TamisModel
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Every quantizer and every pruning goes through a stream")
struct QuantizerRoundTripTests {
    static let choices: [QuantizerChoice] = EdgeQuantizerTests.choices + [
        .uniform(deadzone: 0), .uniform(deadzone: 0.25), .uniform(deadzone: 0.5), .uniform(deadzone: 1), .rateDistortion, .trellis(states: 8), .trellis(states: 16),
        .trellis(states: 32), .trellis(states: 64), .trellis(states: 128), .trellis(states: 256), .symmetric(bits: 3), .symmetric(bits: 5), .exact,
    ]

    static let prunings: [Pruning] = [.deviations(0.8), .magnitude(0.07), .pattern(kept: 2, group: 4), .pattern(kept: 1, group: 100), .rows(0.9)]

    private static let edges: ModelSource = {
        var model = ModelSource()
        var random = SplitMix64(seed: 21)
        func values(_ count: Int, _ change: (Int, Float) -> Float = { $1 }) -> [Float] { (0..<count).map { change($0, random.laplacian(scale: 0.1)) } }
        model.add("zeros", [40, 60], [Float](repeating: 0, count: 2400))
        model.add("few zeros", [100], [Float](repeating: -0.0, count: 100))
        model.add("one value", [2300], [Float](repeating: -0.37, count: 2300))
        model.add("one value, few", [10, 10], [Float](repeating: 0.37, count: 100))
        model.add("one element", [1, 1], [2.5])
        model.add("rank 0", [], [-3])
        model.add("empty", [3, 0, 2], [])
        model.add("NaN", [60, 60], values(3600) { $0 == 1234 ? Float(bitPattern: 0x7FC1_2345) : $1 })
        model.add("infinity", [100], values(100) { $0 == 7 ? -.infinity : $1 })
        model.add("subnormals", [50, 50], (0..<2500).map { Float(bitPattern: UInt32($0 * 3) | ($0 % 2 == 0 ? 0x8000_0000 : 0)) })
        model.add("huge range", [50, 50], values(2500) { $1 * ($0 % 3 == 0 ? 1e30 : $0 % 3 == 1 ? 1e-30 : 1) })
        model.add("outlier", [50, 60], values(3000) { $0 == 17 ? 1e6 : $1 })
        model.add("positive", [2600], values(2600) { $1.magnitude })
        model.add("vector", [2200], values(2200))
        model.add("kernels", [4, 3, 5, 7, 9], values(3780))
        model.add("rows of many scales", [40, 9, 3, 3], values(3240) { $1 * Float(1 << ($0 / 81 % 6)) })
        model.add("matrix", [60, 50], values(3000))
        model.add("small", [20, 20], values(400))
        model.add("last", [64], values(64))
        return model
    }()

    /// - Parameter pruned: the values that are quantized, and β, by tensor; nil where nothing is pruned.
    private static func expectRoundTrip(
        _ model: ModelSource, _ options: EncodingOptions, _ choice: QuantizerChoice, pruned: (Int) -> ([Float], prunedBelow: Double)? = { _ in nil },
        _ place: SourceLocation = #_sourceLocation
    ) throws {
        let (stream, report) = try model.encoded(options)
        let codings = try TensorCoding.all(of: stream)
        let decoded = try ModelSource.decoded(stream)
        let exact = Dictionary(uniqueKeysWithValues: report.exactTensors.map { ($0.name, $0.reason) })
        for (number, name) in model.names.enumerated() {
            let source = model.values[number]
            #expect(codings[number].isExact == (exact[name] != nil), "\(name)", sourceLocation: place)
            if codings[number].isExact {
                #expect(decoded[number].map(\.bitPattern) == source.map(\.bitPattern), "\(name)", sourceLocation: place)
                continue
            }
            let (values, prunedBelow) = pruned(number) ?? (source, 0)
            QuantizedValues(name: name, choice: choice, source: values, decoded: decoded[number], coding: codings[number], prunedBelow: prunedBelow).expectSound(place)
        }
        for name in ["NaN", "infinity"] where model.names.contains(name) {
            #expect(exact[name] == (choice == .exact ? exact[name] : "it has values that are not finite"), sourceLocation: place)
        }
        if model.names.contains("empty") { #expect(exact["empty"] == "it is empty", sourceLocation: place) }
        if choice != .exact { for name in ["matrix", "vector", "small"] where model.names.contains(name) { #expect(exact[name] == nil, "\(name)", sourceLocation: place) } }
    }

    /// As settings of all tensors: what no quantizer is needed for stays exact.
    @Test(arguments: choices)
    func edgeTensors(_ choice: QuantizerChoice) throws {
        let options = EncodingOptions(target: .quality(decibels: 20), effort: 2, settings: TensorSettings(quantizer: choice))
        if choice == .exact { try Self.expectRoundTrip(Self.edges, options, choice); return }
        let fixed = TensorSettings(quantizer: choice)
        // Tensors that are coarser by themselves than the target allows: a step in its place.
        if choice.isFixed {
            try Self.expectRoundTrip(Self.edges, options, choice)
        } else {
            try Self.expectRoundTrip(Self.edges, EncodingOptions(target: .quality(decibels: -5), effort: 2, settings: fixed), choice)
            try Self.expectRoundTrip(Self.edges, EncodingOptions(target: .quality(decibels: 40), effort: 2, settings: fixed, sliceElementsLog2: 10), choice)
        }
    }

    /// As a rule for tensors by name: also tensors of one value and of a few are quantized, if they can be.
    @Test(arguments: choices)
    func edgeTensorsAskedForByName(_ choice: QuantizerChoice) throws {
        let rules = [TensorRule(pattern: "*", settings: TensorSettings(quantizer: choice))]
        try Self.expectRoundTrip(Self.edges, EncodingOptions(target: .quality(decibels: 20), effort: 2, rules: rules), choice)
    }

    /// The weights that a pruning leaves, one by one from its definition.
    private static func pruned(_ pruning: Pruning, _ values: [Float], _ dimensions: [Int]) -> ([Float], prunedBelow: Double) {
        let source = values.map(Double.init)
        let mean = source.reduce(0, +) / Double(max(source.count, 1))
        switch pruning {
        case .magnitude(let bound): return (values.map { Double($0.magnitude) < bound ? 0 : $0 }, bound)
        case .deviations(let gamma):
            let deviation = (source.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(source.count - 1, 1))).squareRoot()
            return (values.map { Double($0.magnitude) < gamma * deviation ? 0 : $0 }, gamma * deviation)
        case .pattern(let kept, let group):
            var result = values
            for start in stride(from: 0, to: values.count, by: group) {
                let size = min(group, values.count - start)
                let order = (start..<(start + size)).sorted { (values[$0].magnitude, $1) > (values[$1].magnitude, $0) }
                for place in order.dropFirst((size * kept + group - 1) / group) { result[place] = 0 }
            }
            return (result, 0)
        case .rows(let fraction):
            if dimensions.count < 2 || values.isEmpty { return (values, 0) }
            let columns = values.count / dimensions[0]
            let all = source.reduce(0) { $0 + $1.magnitude } / Double(source.count)
            return (values.indices.map { place in
                let row = source[(place / columns * columns)..<((place / columns + 1) * columns)]
                return row.reduce(0) { $0 + $1.magnitude } / Double(columns) < fraction * all ? 0 : values[place]
            }, 0)
        }
    }

    @Test(arguments: prunings, [
        .uniform(deadzone: 0.5), .uniform(deadzone: 0), .rateDistortion, .trellis(states: 8), .muLaw(mu: 255, range: nil, levels: nil),
        .muLaw(mu: 255, range: nil, levels: 200), .minifloat(exponentBits: 4, mantissaBits: 3), .half, .symmetric(bits: 6), .affine(bits: 6, calibration: .minMax),
        .affine(bits: 6, calibration: .meanSquaredError), .codebook(levels: 16),
    ] as [QuantizerChoice])
    func prunedWeightsComeBackAsZeros(_ pruning: Pruning, _ choice: QuantizerChoice) throws {
        var model = ModelSource()
        for name in ["vector", "kernels", "rows of many scales", "matrix", "small"] {
            let number = try #require(Self.edges.names.firstIndex(of: name))
            model.add(name, Self.edges.dimensions[number], Self.edges.values[number])
        }
        let settings = TensorSettings(quantizer: choice, pruning: pruning)
        let options = EncodingOptions(target: .quality(decibels: 14), effort: 2, settings: settings)
        let expected = zip(model.values, model.dimensions).map { Self.pruned(pruning, $0, $1) }
        try Self.expectRoundTrip(model, options, choice, pruned: { expected[$0] })
        let decoded = try ModelSource.decoded(try model.encoded(options).stream)
        for (number, name) in model.names.enumerated() {
            let left = zip(expected[number].0, decoded[number]).filter { $0.0 == 0 && $0.1 != 0 }.count
            #expect(left == 0, "\(name): \(left) of \(decoded[number].count) weights are no longer zero")
        }
    }

    /// Pruned weights count as the zeros they were quantized from, variances as they were before.
    @Test func reportOfAPrunedModel() throws {
        let number = try #require(Self.edges.names.firstIndex(of: "matrix"))
        var model = ModelSource()
        model.add("matrix", [60, 50], Self.edges.values[number])
        let options = EncodingOptions(target: .quality(decibels: 20), effort: 3, settings: TensorSettings(pruning: .deviations(1)))
        let (stream, report) = try model.encoded(options)
        let (values, _) = Self.pruned(.deviations(1), model.values[0], [60, 50])
        let source = model.values[0].map(Double.init)
        let mean = source.reduce(0, +) / 3000
        let variance = source.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3000
        let error = zip(values, try ModelSource.decoded(stream)[0]).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) } / 3000
        #expect((report.relativeError / (error / variance) - 1).magnitude < 1e-6)
        #expect((report.quality - 20).magnitude < 0.05)
    }

    /// The error of a pruned tensor grows faster than the square of the step.
    @Test(arguments: [8.0, 10, 12, 15, 20, 25])
    func qualityOfAPrunedModel(_ decibels: Double) throws {
        var model = ModelSource()
        model.add("matrix", [150, 160], scale: 0.1, seed: 5)
        for effort in 2...4 {
            let options = EncodingOptions(target: .quality(decibels: decibels), effort: effort, settings: TensorSettings(pruning: .deviations(1)))
            let report = try model.encoded(options).report
            #expect((report.quality - decibels).magnitude < 0.05, "\(report.quality) dB at effort \(effort)")
        }
    }

    /// A tensor whose values are all pruned.
    @Test(arguments: [QuantizerChoice.symmetric(bits: 8), .codebook(levels: 4), .half, .muLaw(mu: 255, range: nil, levels: nil)])
    func nothingLeft(_ choice: QuantizerChoice) throws {
        var model = ModelSource()
        model.add("matrix", [60, 50], scale: 0.1, seed: 1)
        let settings = TensorSettings(quantizer: choice, pruning: .magnitude(100))
        let (stream, report) = try model.encoded(EncodingOptions(effort: 2, settings: settings))
        #expect(report.exactTensors == [EncodingReport.ExactTensor(name: "matrix", reason: "its values are all zero")])
        #expect(try ModelSource.decoded(stream)[0] == model.values[0])
    }

    /// Rows of zeros cost next to nothing.
    @Test(arguments: [2, 3])
    func zeroRows(_ effort: Int) throws { try Self.expectCheapZeroRows(effort) }

    @Test(.enabled(if: isLong, "skipped: long; set TAMIS_FULL_TESTS=1"), arguments: [4, 5])
    func zeroRowsUnderATrellis(_ effort: Int) throws { try Self.expectCheapZeroRows(effort) }

    private static func expectCheapZeroRows(_ effort: Int) throws {
        var random = SplitMix64(seed: 31)
        let rows = (0..<1000).map { row in (0..<1000).map { _ in row % 10 == 3 ? random.laplacian(scale: 0.1) : 0 } }
        var (sparse, dense) = (ModelSource(), ModelSource())
        sparse.add("w", [1000, 1000], rows.flatMap { $0 })
        dense.add("w", [100, 1000], rows.filter { $0[0] != 0 || $0[1] != 0 }.flatMap { $0 })
        let options = EncodingOptions(target: .step(0.02), effort: effort)
        let streams = (try sparse.encoded(options).stream, try dense.encoded(options).stream)
        let bits = Double(8 * (streams.0.count - streams.1.count)) / 900_000
        #expect(bits < 0.01, "\(bits) bits for each zero")
        let decoded = try ModelSource.decoded(streams.0)[0]
        var strays = 0
        for place in decoded.indices where place / 1000 % 10 != 3 && decoded[place] != 0 { strays += 1 }
        #expect(strays == 0)
    }

    @Test(.enabled(if: isLong, "skipped: long; set TAMIS_FULL_TESTS=1"), arguments: [
        .uniform(deadzone: 0.5), .rateDistortion, .trellis(states: 8), .symmetric(bits: 8), .codebook(levels: 16), .minifloat(exponentBits: 4, mantissaBits: 3),
        .muLaw(mu: 255, range: nil, levels: 256), .half, .affine(bits: 8, calibration: .meanSquaredError),
    ] as [QuantizerChoice])
    func tenMillionElements(_ choice: QuantizerChoice) throws {
        var model = ModelSource()
        model.add("large", [2500, 4000], scale: 0.05, seed: 41)
        try Self.expectRoundTrip(model, EncodingOptions(target: .quality(decibels: 15), effort: 2, settings: TensorSettings(quantizer: choice)), choice)
    }
}
