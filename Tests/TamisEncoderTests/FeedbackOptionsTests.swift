import TamisBits
import TamisModel
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("When errors are hidden")
struct FeedbackOptionsTests {
    /// A layer of each kind, whose tensors are of all sizes.
    private static let model: ModelSource = {
        var model = ModelSource()
        model.add("conv", [32, 24, 3, 3], scale: 0.1, seed: 81, role: ErrorCouplingTests.convolution(bias: 1))
        model.add("conv.bias", [32], scale: 0.1, seed: 82, role: LayerRole(consumer: .bias(of: 0), outputAxis: 0, outputAxisCount: 1))
        model.add("depthwise", [90, 1, 5, 5], scale: 0.2, seed: 83, role: ErrorCouplingTests.convolution(groups: 90))
        model.add("matrix", [60, 110], scale: 0.1, seed: 84, role: ErrorCouplingTests.inputsFirst(bias: 4))
        model.add("matrix.bias", [110], scale: 0.1, seed: 85, role: LayerRole(consumer: .bias(of: 3), outputAxis: 0, outputAxisCount: 1))
        model.add("transposed", [20, 30, 3, 3], scale: 0.1, seed: 86, role: ErrorCouplingTests.transposed)
        model.add("small", [20, 30], scale: 0.1, seed: 87, role: ErrorCouplingTests.outputsFirst)
        model.add("table", [80, 40], scale: 0.1, seed: 88, role: LayerRole(consumer: .gather, outputAxis: 1, outputAxisCount: 1))
        model.add("unknown", [80, 40], scale: 0.1, seed: 89)
        return model
    }()

    private static let layers: Set<String> = ["conv", "depthwise", "matrix", "transposed", "small"]
    private static let measured: [String: LayerStatistics] = [
        "conv": MeasuredInputs(inputs: 216, meanScale: 0.5, seed: 91).statistics,
        "matrix": MeasuredInputs(inputs: 60, isOrdered: true, meanScale: 0.5, seed: 92).statistics,
        "small": MeasuredInputs(inputs: 30, seed: 93).statistics,
    ]

    private static func coupled(_ options: EncodingOptions) throws -> Set<String> {
        try model.analyzed(options) { Set($0.filter { $0.coupling != nil }.map(\.description.name)) }
    }

    @Test func byDefaultWhereOutputsCount() throws {
        let targets: [(EncodingOptions.Target, Bool)] = [
            (.quality(decibels: 15), true), (.bitsPerWeight(4), true), (.size(bytes: 40_000), true), (.snr(decibels: 20), false), (.step(0.01), false),
        ]
        for (target, isAboutOutputs) in targets {
            for allocation in EncodingOptions.Allocation.allCases {
                for effort in EncodingOptions.effortRange {
                    var options = EncodingOptions(target: target, allocation: allocation, effort: effort)
                    let expected = isAboutOutputs && allocation == .balanced && effort > 1
                    #expect(options.feedsErrorsBack == expected, "\(target), \(allocation), effort \(effort)")
                    #expect(options.isAboutOutputs == (isAboutOutputs && allocation == .balanced))
                    options.feedback = FeedbackChoice.none
                    #expect(!options.feedsErrorsBack)
                    options.feedback = .synthetic
                    #expect(options.feedsErrorsBack)
                    options.feedback = nil
                    options.statistics = Self.measured
                    #expect(options.feedsErrorsBack)
                    options.feedback = FeedbackChoice.none
                    #expect(!options.feedsErrorsBack)
                }
            }
        }
        #expect(EncodingOptions().feedsErrorsBack && EncodingOptions().feedback == nil)
    }

    @Test func tensorsWithALayerHaveACoupling() throws {
        #expect(try Self.coupled(EncodingOptions()) == Self.layers)
        #expect(try Self.coupled(EncodingOptions(feedback: FeedbackChoice.none)) == [])
        #expect(try Self.coupled(EncodingOptions(effort: 1)) == [])
        #expect(try Self.coupled(EncodingOptions(target: .step(0.01))) == [])
        #expect(try Self.coupled(EncodingOptions(target: .step(0.01), feedback: .synthetic)) == Self.layers)
        #expect(try Self.coupled(EncodingOptions(effort: 1, statistics: Self.measured)) == Self.layers)
        #expect(try Self.coupled(EncodingOptions(exclusions: ["conv"])) == Self.layers.subtracting(["conv"]))
    }

    /// Only quantizers that take the nearest value, or search a trellis, hide what was lost before.
    @Test func quantizersThatTakePart() throws {
        let choices: [(QuantizerChoice, Bool)] = [
            (.uniform(deadzone: 0.5), true), (.trellis(states: 8), true), (.rateDistortion, false), (.uniform(deadzone: 0.6), false),
            (.codebook(levels: 16), false), (.half, false), (.symmetric(bits: 8), false), (.exact, false),
        ]
        for (choice, takesPart) in choices {
            let rule = TensorRule(pattern: "conv", settings: TensorSettings(quantizer: choice))
            #expect(try Self.coupled(EncodingOptions(rules: [rule])).contains("conv") == takesPart, "\(choice)")
        }
    }

    /// By name, weights are rounded with a view to the bits, each for itself; where an effort would do so, errors are hidden instead.
    @Test func roundingByRateIsKeptWhereItIsAskedFor() throws {
        for (settings, isKept) in [(TensorSettings(quantizer: .rateDistortion), true), (TensorSettings(), false)] {
            let options = EncodingOptions(effort: 3, settings: settings, feedback: .synthetic)
            let profile = EffortProfile.level(options.effort)
            #expect(profile.search == .rateDistortion)
            let allocation = StepAllocation(allocation: .balanced, profile: profile, preservesGain: true)
            try Self.model.analyzed(options) { works in
                let work = try #require(works.first { $0.description.name == "conv" })
                #expect((work.coupling == nil) == isKept)
                var isRateDistortion = false
                if case .rateDistortion = allocation.plan(work, scale: 0.01).quantizer { isRateDistortion = true }
                #expect(isRateDistortion == isKept)
            }
        }
    }

    @Test func measuredMomentsAreUsedWhereTheyAreGiven() throws {
        try Self.model.analyzed(EncodingOptions(statistics: Self.measured)) { works in
            for work in works {
                guard let coupling = work.coupling else { continue }
                var isMeasured = false
                if case .measured = coupling.form { isMeasured = true }
                #expect(isMeasured == (Self.measured[work.description.name] != nil), "\(work.description.name)")
            }
        }
    }

    // MARK: statistics that do not fit

    private static let unfit: [(name: String, statistics: MeasuredInputs, words: String)] = [
        ("other", MeasuredInputs(inputs: 3, seed: 1), "the statistics of 'other' do not fit: the model has no such tensor"),
        ("conv", MeasuredInputs(inputs: 24, seed: 1), "the statistics of 'conv' do not fit: the statistics are of 24 weights for each output, its layer has 216"),
        ("conv", MeasuredInputs(groups: 2, inputs: 216, seed: 1), "'conv' do not fit: the statistics have 2 groups, its layer has 1"),
        ("depthwise", MeasuredInputs(inputs: 25, seed: 1), "'depthwise' do not fit: the statistics have 1 group, its layer has 90"),
        ("matrix", MeasuredInputs(inputs: 110, seed: 1), "'matrix' do not fit: the statistics are of 110 weights for each output, its layer has 60"),
        ("matrix", MeasuredInputs(inputs: 60, biasCorrection: [1, 2], seed: 1), "the statistics correct the bias of 2 outputs, its layer has 110"),
        ("transposed", MeasuredInputs(inputs: 180, seed: 1), "its layer is not one that statistics can be used for"),
        ("table", MeasuredInputs(inputs: 80, seed: 1), "its layer is not one that statistics can be used for"),
        ("conv.bias", MeasuredInputs(inputs: 1, seed: 1), "its layer is not one that statistics can be used for"),
        ("unknown", MeasuredInputs(inputs: 40, seed: 1), "its layer is not one that statistics can be used for"),
    ]

    @Test(arguments: unfit.indices)
    func statisticsThatDoNotFitAreRefused(_ number: Int) throws {
        let (name, measured, words) = Self.unfit[number]
        for feedback in [nil, .synthetic, FeedbackChoice.none] {
            let sink = ModelSource.Sink()
            var statistics = Self.measured
            statistics[name] = measured.statistics
            let error = #expect(throws: TamisError.self) {
                try Self.model.encoded(EncodingOptions(feedback: feedback, statistics: statistics), into: sink)
            }
            #expect(error?.code == .invalidArgument && error?.description.contains(words) == true, "\(String(describing: error))")
            #expect(sink.bytes.isEmpty)
        }
    }

    // MARK: the same bytes

    @Test(arguments: [2, 3, 4, 6], [false, true])
    func bytesDoNotDependOnThreads(_ effort: Int, _ isMeasured: Bool) throws {
        var options = EncodingOptions(effort: effort, statistics: isMeasured ? Self.measured : [:])
        // Many slices, which cut rows and lines.
        options.sliceElementsLog2 = 11
        let streams = try [1, 2, 4].map { try Self.model.encoded(options, threads: $0).stream }
        #expect(Set(streams).count == 1)
        let decoded = try ModelSource.decoded(streams[0])
        #expect(decoded.count == Self.model.values.count)
        options.feedback = FeedbackChoice.none
        options.statistics = [:]
        #expect(try Self.model.encoded(options).stream != streams[0])
    }

    /// What a stream reports of the outputs is what its decoded tensors have.
    @Test(arguments: [2, 5])
    func reportIsOfTheOutputs(_ effort: Int) throws {
        var model = ModelSource()
        model.add("conv", [40, 16, 3, 3], scale: 0.1, seed: 95, role: ErrorCouplingTests.convolution())
        let (stream, report) = try model.encoded(EncodingOptions(effort: effort))
        let decoded = try ModelSource.decoded(stream)[0]
        let h = PlainMatrix(SyntheticMoments(ErrorCouplingTests.convolution(), try #require(Shape([40, 16, 3, 3]))))
        let error = (0..<40).reduce(0.0) { sum, row in
            sum + h.energy((0..<144).map { Double(model.values[0][row * 144 + $0]) - Double(decoded[row * 144 + $0]) })
        }
        let values = model.values[0].map(Double.init)
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        #expect((report.relativeError / (error / variance) - 1).magnitude < 1e-3, "\(report.relativeError), outputs \(error / variance)")
        #expect((report.quality - 15).magnitude < 0.05)
    }
}
