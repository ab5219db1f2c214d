import TamisBits
import TamisEncoder
import TamisModel
import TamisRecipes
import TamisTestSupport
import TamisYAML
import Testing

@Suite("Files of statistics")
struct StatisticsTests {
    private typealias Tensor = Safetensors.Tensor

    private static func read(_ bytes: [UInt8], _ body: (StatisticsFile) throws -> Void = { _ in }) throws {
        // The statistics refer to the bytes.
        try bytes.withUnsafeBytes { buffer in try body(try StatisticsFile(ByteView(unsafe: buffer), file: "s")) }
    }

    private static func file(_ tensors: [Tensor]) -> [UInt8] { Safetensors.file(metadata: Safetensors.statisticsMetadata, tensors) }

    private static let factor = Tensor("conv/w/factor", [2, 2, 2], floats: [1, 2, 0, 3, 4, -5, -0.0, 6])

    @Test("Everything a layer may have, under a name with slashes; and the least")
    func sound() throws {
        let bytes = Self.file([
            Tensor("conv/w/mean", [2, 2], floats: [1, -2, 3, 4]), Self.factor, Tensor("conv/w/order", [2], integers: [1, 0]),
            Tensor("/factor", [1, 1], floats: [0x1p-149]), Tensor("conv/w/bias_correction", [4], floats: [0.5, 0, -1, 2]),
        ])
        try Self.read(bytes) { file in
            #expect(Set(file.layers.keys) == ["conv/w", ""] && file.digest.count == 64)
            let layer = try #require(file.layers["conv/w"])
            #expect(layer.groups == 2 && layer.inputs == 2 && layer.factor.array == Self.factor.bytes)
            #expect(layer.order == [1, 0] && layer.mean == [1, -2, 3, 4] && layer.biasCorrection == [0.5, 0, -1, 2])
            let least = try #require(file.layers[""])
            #expect(least.groups == 1 && least.inputs == 1 && least.order.isEmpty && least.mean.isEmpty && least.biasCorrection.isEmpty)
        }
    }

    /// U with one number changed, 40 lines in each of two groups.
    private static func changed(_ group: Int, _ row: Int, _ column: Int, to value: Float) -> Tensor {
        var values: [Float] = []
        for place in 0..<3200 { values.append(place / 40 % 40 <= place % 40 ? 1 + Float(place) : 0) }
        values[1600 * group + 40 * row + column] = value
        return Tensor("w/factor", [2, 40, 40], floats: values)
    }

    @Test("Numbers that no factor has are refused with their place", arguments: [
        (0, 0, 0, 0, "not of a positive definite matrix: it has 0.0 on the diagonal in group 0, row 0"), (1, 39, 39, -1, "not of a positive definite matrix: it has -1.0 on the diagonal in group 1, row 39"),
        (1, 20, 3, 0x1p-149, "not upper triangular: it has 1e-45 in group 1, row 20, column 3, expected 0"), (0, 39, 38, 2, "row 39, column 38, expected 0"),
        (1, 3, 20, .infinity, "has inf in group 1, row 3, column 20, expected a finite"), (1, 20, 3, -.infinity, "has -inf"), (0, 5, 5, .nan, "has nan in group 0, row 5, column 5"),
        (0, 38, 39, .nan, "has nan"),
    ] as [(Int, Int, Int, Float, String)])
    func numbers(group: Int, row: Int, column: Int, value: Float, words: String) throws {
        let error = #expect(throws: TamisError.self) { try Self.read(Self.file([Self.changed(group, row, column, to: value)])) }
        #expect(error?.code == .invalidStatistics && error?.element == "'w/factor'" && error?.file == "s" && error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test("Numbers that a factor may have")
    func possible() throws {
        try Self.read(Self.file([Self.changed(1, 20, 3, to: -0.0)]))
        try Self.read(Self.file([Self.changed(1, 3, 20, to: -3e38)]))
        try Self.read(Self.file([Self.changed(1, 20, 20, to: 0x1p-149)]))
    }

    private static let wrong: [(Tensor, String, String)] = [
        (Tensor("c/w/mean", [4], floats: [1, 2, 3, 4]), "'c/w/mean'", "is F32 [4], expected F32 [groups, n] = [2, 2]"),
        (Tensor("c/w/mean", [2, 2], floats: [1, 2, 3, .infinity]), "'c/w/mean'", "has inf in place 3"),
        (Tensor("c/w/mean", "F64", [2, 2], [UInt8](repeating: 0, count: 32)), "'c/w/mean'", "is F64 [2, 2], expected F32"),
        (Tensor("c/w/order", [2], integers: [0, 0]), "'c/w/order'", "has 0 a second time in place 1"),
        (Tensor("c/w/order", [2], integers: [0, 2]), "'c/w/order'", "has 2 in place 1, expected 0 ..< 2"),
        (Tensor("c/w/order", [2], integers: [-1, 0]), "'c/w/order'", "has -1 in place 0"),
        (Tensor("c/w/order", [3], integers: [0, 1, 2]), "'c/w/order'", "is I64 [3], expected I64 [n] = [2]"),
        (Tensor("c/w/order", "I32", [2], [UInt8](repeating: 0, count: 8)), "'c/w/order'", "is I32 [2], expected I64"),
        (Tensor("c/w/bias_correction", [2, 1], floats: [1, 2]), "'c/w/bias_correction'", "is F32 [2, 1], expected F32 [outputs]"),
        (Tensor("c/w/bias_correction", [0], floats: []), "'c/w/bias_correction'", "is F32 [0]"),
        (Tensor("c/w/bias_correction", [2], floats: [.nan, 2]), "'c/w/bias_correction'", "has nan in place 0"),
        (Tensor("c/w/variance", [1], floats: [1]), "'c/w/variance'", "does not end in /factor, /order, /mean, /bias_correction"),
        (Tensor("factor", [1, 1], floats: [1]), "'factor'", "does not end in /factor"),
        (Tensor("d/mean", [1, 1], floats: [1]), "'d'", "has no tensor '/factor'"),
        (Tensor("d/factor", [1], floats: [1]), "'d/factor'", "is F32 [1], expected F32 [groups, n, n] or [n, n]"),
        (Tensor("d/factor", [1, 2], floats: [1, 1]), "'d/factor'", "is F32 [1, 2]"), (Tensor("d/factor", [1, 1, 1, 1], floats: [1]), "'d/factor'", "is F32 [1, 1, 1, 1]"),
        (Tensor("d/factor", [0, 0], floats: []), "'d/factor'", "is F32 [0, 0]"), (Tensor("d/factor", [0, 2, 2], floats: []), "'d/factor'", "is F32 [0, 2, 2]"),
        (Tensor("d/factor", "F16", [1, 1], [0, 60]), "'d/factor'", "is F16 [1, 1]"),
    ]

    @Test("Parts that the layout does not have are refused with the tensor's name", arguments: wrong.indices)
    func parts(number: Int) {
        let (tensor, element, words) = Self.wrong[number]
        let sound = Tensor("c/w/factor", [2, 2, 2], floats: [1, 2, 0, 3, 4, -5, 0, 6])
        let error = #expect(throws: TamisError.self) { try Self.read(Self.file([sound, tensor])) }
        #expect(error?.code == .invalidStatistics && error?.element == element && error?.file == "s" && error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test("Other files are refused", arguments: [
        (nil, .invalidStatistics, "no format"), (#""__metadata__":{"format":"pt"}"#, .invalidStatistics, "the format 'pt' in __metadata__, expected 'tamis-statistics'"),
        (#""__metadata__":{"format":"tamis-statistics"}"#, .unknownVersion, "no version"),
        (#""__metadata__":{"format":"tamis-statistics","version":"2"}"#, .unknownVersion, "the version '2'"),
    ] as [(String?, TamisError.Code, String)])
    func others(metadata: String?, code: TamisError.Code, words: String) {
        let error = #expect(throws: TamisError.self) { try Self.read(Safetensors.file(metadata: metadata, [Self.factor])) }
        #expect(error?.code == code && error?.file == "s" && error?.message.contains(words) == true, "\(String(describing: error))")
        let damaged = #expect(throws: TamisError.self) { try Self.read(Array(Self.file([Self.factor]).dropLast())) }
        #expect(damaged?.code == .truncated && damaged?.file == "s")
    }

    // MARK: Models

    private static func model(_ role: LayerRole, _ dimensions: [UInt64]) throws -> SourceModel {
        let shape = try #require(Shape(dimensions))
        return SourceModel(
            format: "x", files: [], tensors: [TensorDescription(name: "w", elementType: .float32, shape: shape)],
            holes: [.init(offset: 0, byteCount: 4 * shape.elementCount, tensor: 0)], floatElementCount: shape.elementCount, roles: [role])
    }

    private static let convolution = LayerRole(consumer: .convolution, outputAxis: 0, outputAxisCount: 1, inputAxes: [1], kernelAxes: [2, 3], groups: 2)

    /// Statistics of one layer named `w` with 4 outputs, of 2 groups of 6 weights unless told otherwise.
    private static func statistics(_ name: String = "w", groups: Int = 2, inputs: Int = 6, outputs: Int = 4) -> [UInt8] {
        let factor = (0..<(groups * inputs * inputs)).map { Float($0 / inputs % inputs == $0 % inputs ? 1 : 0) }
        return file([
            Tensor("\(name)/factor", [groups, inputs, inputs], floats: factor),
            Tensor("\(name)/bias_correction", [outputs], floats: [Float](repeating: 0, count: outputs)),
        ])
    }

    @Test("Statistics fit layers of their sizes")
    func fit() throws {
        let convolution = try Self.model(Self.convolution, [4, 2, 3, 1])
        try Self.read(Self.statistics()) { try $0.requireFit(convolution) }
        let product = try Self.model(LayerRole(consumer: .matMul, outputAxis: 1, outputAxisCount: 1, inputAxes: [0]), [6, 4])
        try Self.read(Self.statistics(groups: 1)) { try $0.requireFit(product) }
        let recurrent = try Self.model(LayerRole(consumer: .recurrentInput, outputAxis: 0, outputAxisCount: 2, inputAxes: [2]), [2, 2, 6])
        try Self.read(Self.statistics(groups: 1)) { try $0.requireFit(recurrent) }
        let single = try Self.model(LayerRole(consumer: .matMul, outputAxis: 0, outputAxisCount: 0, inputAxes: [0]), [6])
        try Self.read(Self.statistics(groups: 1, outputs: 1)) { try $0.requireFit(single) }
        try Self.read(Self.file([])) { try $0.requireFit(single) }
    }

    @Test("Statistics of another model are refused with the tensor's name", arguments: [
        ("v", 2, 6, 4, "the model has no such tensor"), ("w", 1, 6, 4, "the statistics have 1 group, its layer has 2"), ("w", 2, 3, 4, "the statistics are of 3 weights for each output, its layer has 6"),
        ("w", 2, 6, 2, "the statistics correct the bias of 2 outputs, its layer has 4"),
    ])
    func misfit(name: String, groups: Int, inputs: Int, outputs: Int, words: String) throws {
        let model = try Self.model(Self.convolution, [4, 2, 3, 1])
        let error = #expect(throws: TamisError.self) { try Self.read(Self.statistics(name, groups: groups, inputs: inputs, outputs: outputs)) { try $0.requireFit(model) } }
        #expect(error?.code == .invalidStatistics && error?.element == "'\(name)'" && error?.file == "s" && error?.message == words && error?.advice != nil, "\(String(describing: error))")
    }

    @Test("Layers that do not sum inputs have no use for statistics")
    func roles() throws {
        for consumer in [LayerRole.Consumer.gather, .bias(of: nil), .other] {
            let model = try Self.model(LayerRole(consumer: consumer, outputAxis: 0, outputAxisCount: 1), [4, 2, 3, 1])
            let error = #expect(throws: TamisError.self) { try Self.read(Self.statistics()) { try $0.requireFit(model) } }
            #expect(error?.message.hasPrefix("its layer is not one that statistics can be used for, expected") == true)
        }
    }

    // MARK: Options

    @Test("Options take the layers; the words about their making have the digest of the file")
    func options() throws {
        var recipe = Recipe()
        recipe.exclusions = ["a"]
        try Self.read(Self.statistics()) { file in
            let options = try recipe.options(sensitivities: ["a": 1], statistics: file)
            #expect(Set(options.statistics.keys) == ["w"] && options.feedback == nil)
            #expect(options.provenance == "--effort 5 --quality 15 --statistics sha256:\(file.digest) --exclude 'a' --sensitivity '{\"a\":1}'")
            recipe.feedback = .synthetic
            #expect(try recipe.options(statistics: file).provenance == "--effort 5 --quality 15 --feedback synthetic --statistics sha256:\(file.digest) --exclude 'a'")
            recipe.feedback = FeedbackChoice.none
            let error = #expect(throws: TamisError.self) { try recipe.options(statistics: file) }
            #expect(error?.code == .invalidArgument && error?.message.contains("set to none") == true)
        }
    }
}
