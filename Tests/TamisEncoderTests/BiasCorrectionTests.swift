import TamisBits
import TamisModel
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Biases take up the mean error of outputs")
struct BiasCorrectionTests {
    /// A layer with a bias, and statistics of its inputs.
    private struct Layer {
        var dimensions: [Int]
        var groups = 1
        var isInputsFirst = false
        var consumer = LayerRole.Consumer.convolution
        var biasFirst = false
        var biasScale: Float = 0.02
        var told: [Float] = []
        var meanScale: Float = 3
        var isOrdered = false

        var outputs: Int { dimensions[isInputsFirst ? 1 : 0] }
        var inputs: Int { dimensions.reduce(1, *) / outputs }

        var model: ModelSource {
            var model = ModelSource()
            let rank = dimensions.count
            let role = LayerRole(
                consumer: consumer, outputAxis: isInputsFirst ? 1 : 0, outputAxisCount: 1, inputAxes: [isInputsFirst ? 0 : 1],
                kernelAxes: rank > 2 ? Array(2..<rank) : [], groups: UInt64(groups), inputSign: .nonNegative, bias: biasFirst ? 0 : 1)
            let biasRole = LayerRole(consumer: .bias(of: biasFirst ? 1 : 0), outputAxis: 0, outputAxisCount: 1)
            if biasFirst { model.add("bias", [outputs], scale: biasScale, seed: 71, role: biasRole) }
            model.add("weight", dimensions, scale: 0.1, seed: 72, role: role)
            if !biasFirst { model.add("bias", [outputs], scale: biasScale, seed: 71, role: biasRole) }
            return model
        }

        var measured: MeasuredInputs {
            MeasuredInputs(groups: groups, inputs: inputs, isOrdered: isOrdered, meanScale: meanScale, biasCorrection: told, seed: 73)
        }
    }

    /// Encodes and decodes, and gives the differences of the decoded bias and of the original one from Σ (w − ŵ) · E[x], with what was
    /// told, added to the original one.
    private static func differences(
        _ layer: Layer, _ options: EncodingOptions, _ sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> (decoded: [Double], original: [Double], coding: TensorCoding, weightCoding: TensorCoding) {
        let model = layer.model
        let measured = layer.measured
        var options = options
        options.statistics = ["weight": measured.statistics]
        let stream = try model.encoded(options).stream
        let tensors = try ModelSource.decoded(stream)
        let codings = try TensorCoding.all(of: stream)
        let (weight, bias) = layer.biasFirst ? (1, 0) : (0, 1)
        let expected = (0..<layer.outputs).map { output in
            let means = measured.means[output / (layer.outputs / layer.groups)]
            let lost = (0..<layer.inputs).reduce(0.0) { sum, input in
                let place = layer.isInputsFirst ? input * layer.outputs + output : output * layer.inputs + input
                return sum + (Double(model.values[weight][place]) - Double(tensors[weight][place])) * Double(layer.meanScale == 0 ? 0 : means[input])
            }
            return Double(model.values[bias][output]) + lost + (layer.told.isEmpty ? 0 : Double(layer.told[output]))
        }
        return (
            zip(tensors[bias], expected).map { (Double($0) - $1).magnitude }, zip(model.values[bias], expected).map { (Double($0) - $1).magnitude },
            codings[bias], codings[weight]
        )
    }

    private static func expectCorrected(
        _ layer: Layer, _ options: EncodingOptions = EncodingOptions(target: .quality(decibels: 10)), _ place: SourceLocation = #_sourceLocation
    ) throws -> (coding: TensorCoding, weightCoding: TensorCoding) {
        let (decoded, original, coding, weightCoding) = try differences(layer, options, place)
        // Of an exact bias, float32 of values of a few units; of a quantized one, half a step.
        let limit = coding.grid.map { Double($0.step) * 0.501 } ?? 0
        #expect((decoded.max() ?? 1) <= limit + 2e-6, "off by \(decoded.max() ?? 0), allowed \(limit)", sourceLocation: place)
        let mean = original.reduce(0, +) / Double(original.count)
        #expect(mean > 2 * limit && mean > 0.01, "the corrections are too small to tell: \(mean)", sourceLocation: place)
        return (coding, weightCoding)
    }

    @Test(arguments: [1, 2, 3, 5])
    func exactBias(_ effort: Int) throws {
        let coding = try Self.expectCorrected(Layer(dimensions: [40, 8, 3, 3]), EncodingOptions(target: .quality(decibels: 10), effort: effort))
        #expect(coding.coding.isExact && !coding.weightCoding.isExact)
    }

    @Test func quantizedBiasInAGroup() throws {
        let coding = try Self.expectCorrected(Layer(dimensions: [96, 8, 3, 3]))
        guard case .grouped = coding.coding else { Issue.record("the bias is not in a group"); return }
    }

    @Test func biasWithAUnitOfItsOwn() throws {
        let coding = try Self.expectCorrected(Layer(dimensions: [2100, 12], consumer: .gemm))
        guard case .own = coding.coding else { Issue.record("the bias is in a group"); return }
    }

    /// A bias that training left at zero is exact, and corrected it is worth a unit of its own in float mode.
    @Test(arguments: [600, 2100]) func zeroBias(_ outputs: Int) throws {
        for isFirst in [false, true] {
            let coding = try Self.expectCorrected(Layer(dimensions: [outputs, 40], consumer: .gemm, biasFirst: isFirst, biasScale: 0))
            #expect(coding.coding.isExact)
        }
    }

    @Test func biasBeforeTheWeight() throws {
        for outputs in [40, 96] { _ = try Self.expectCorrected(Layer(dimensions: [outputs, 8, 3, 3], biasFirst: true)) }
    }

    @Test func weightInAGroup() throws {
        for outputs in [40, 96] {
            let coding = try Self.expectCorrected(Layer(dimensions: [outputs, 18], consumer: .gemm))
            guard case .grouped = coding.weightCoding else { Issue.record("the weight is not in a group"); return }
        }
    }

    @Test func groupsOrderAndWhatIsTold() throws {
        let told = (0..<36).map { 0.25 * Float($0 % 5) }
        _ = try Self.expectCorrected(Layer(dimensions: [36, 4, 3, 3], groups: 3, told: told, isOrdered: true))
        // Without means, what is told is all.
        _ = try Self.expectCorrected(Layer(dimensions: [36, 4, 3, 3], told: told, meanScale: 0))
    }

    @Test func inputsFirst() throws {
        for (consumer, effort) in [(LayerRole.Consumer.matMul, 2), (.matMul, 5), (.gemm, 4)] {
            _ = try Self.expectCorrected(
                Layer(dimensions: [60, 50], isInputsFirst: true, consumer: consumer, isOrdered: true),
                EncodingOptions(target: .quality(decibels: 8), effort: effort))
        }
    }

    /// Slices cut the rows; quantizers without feedback leave a mean error as well.
    @Test func slicesAndOtherQuantizers() throws {
        var options = EncodingOptions(target: .quality(decibels: 10))
        options.sliceElementsLog2 = 8
        _ = try Self.expectCorrected(Layer(dimensions: [40, 8, 3, 3]), options)
        for choice in [QuantizerChoice.codebook(levels: 8), .symmetric(bits: 3), .uniform(deadzone: 0.75), .muLaw(mu: 255, range: nil, levels: 15)] {
            let rule = TensorRule(pattern: "weight", settings: TensorSettings(quantizer: choice))
            _ = try Self.expectCorrected(Layer(dimensions: [40, 8, 3, 3]), EncodingOptions(target: .quality(decibels: 10), rules: [rule]))
        }
        _ = try Self.expectCorrected(Layer(dimensions: [40, 8, 3, 3]), EncodingOptions(target: .quality(decibels: 10), feedback: FeedbackChoice.none))
    }

    /// What pruning takes away is part of the error.
    @Test func prunedWeights() throws {
        let rule = TensorRule(pattern: "weight", settings: TensorSettings(pruning: .deviations(0.5)))
        _ = try Self.expectCorrected(Layer(dimensions: [40, 8, 3, 3]), EncodingOptions(target: .quality(decibels: 15), rules: [rule]))
    }

    /// A weight that stays exact has no error: what is told is added all the same.
    @Test func exactWeight() throws {
        let layer = Layer(dimensions: [40, 8, 3, 3], told: (0..<40).map { Float($0 % 3) + 0.5 })
        let coding = try Self.expectCorrected(layer, EncodingOptions(exclusions: ["weight"]))
        #expect(coding.weightCoding.isExact)
    }

    @Test(arguments: [40, 96, 2100])
    func excludedBiasStaysBitExact(_ outputs: Int) throws {
        let layer = Layer(dimensions: [outputs, 12], consumer: .gemm)
        let model = layer.model
        let rule = TensorRule(pattern: "bias", settings: TensorSettings(quantizer: .exact))
        for options in [EncodingOptions(exclusions: ["b*"]), EncodingOptions(rules: [rule])] {
            var options = options
            options.statistics = ["weight": layer.measured.statistics]
            let decoded = try ModelSource.decoded(try model.encoded(options).stream)
            #expect(decoded[1].map(\.bitPattern) == model.values[1].map(\.bitPattern) && decoded[0] != model.values[0])
        }
    }

    /// A bias that the layer does not have by itself, and layers whose bias means something else.
    @Test func otherTensorsStay() throws {
        for consumer in [LayerRole.Consumer.recurrentInput, .convolution] {
            var model = ModelSource()
            let role = LayerRole(
                consumer: consumer, outputAxis: 0, outputAxisCount: 1, inputAxes: [1], inputSign: .signed, bias: consumer == .convolution ? nil : 1)
            model.add("weight", [40, 72], scale: 0.1, seed: 72, role: role)
            model.add("bias", [40], scale: 0.1, seed: 71)
            let statistics = MeasuredInputs(inputs: 72, meanScale: 3, seed: 73).statistics
            let decoded = try ModelSource.decoded(try model.encoded(EncodingOptions(statistics: ["weight": statistics])).stream)
            #expect(decoded[1] == model.values[1] && decoded[0] != model.values[0])
        }
    }

    /// Corrections beyond what the quantizer of a bias, or a float, can hold: what comes is as near as they allow.
    @Test func correctionsBeyondTheRange() throws {
        for outputs in [40, 96] {
            for choice in [nil, QuantizerChoice.symmetric(bits: 8), .affine(bits: 4, calibration: .minMax), .codebook(levels: 4), .half] {
                for meanScale: Float in [3, 1e20, 1e38] {
                    let layer = Layer(dimensions: [outputs, 24], consumer: .gemm, meanScale: meanScale)
                    let options = EncodingOptions(
                        target: .quality(decibels: 10), settings: TensorSettings(quantizer: choice), statistics: ["weight": layer.measured.statistics])
                    let decoded = try ModelSource.decoded(try layer.model.encoded(options).stream)
                    #expect(decoded[1].allSatisfy { !$0.isNaN }, "\(outputs) outputs, \(String(describing: choice)), \(meanScale)")
                }
            }
        }
    }

    /// The mean of the outputs is what it was, to the rounding of the bias.
    @Test func changedValuesAreSums() {
        let values: [Float] = [1, -2, 0x1p-140, 1e30]
        let changed = littleEndian(values.map(\.bitPattern)).withView { ChangedValues(adding: [0.5, 0x1p-30, 0, -1e22], to: $0) }
        let result = (0..<4).map { Float(bitPattern: changed.view.load($0 * 4, as: UInt32.self)) }
        #expect(result == [1.5, -2, 0x1p-140, Float(Double(Float(1e30)) - 1e22)] && changed.threshold == nil)
    }
}
