import TamisModel
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("How errors of weights meet at outputs")
struct ErrorCouplingTests {
    private static func coupling(_ role: LayerRole, _ dimensions: [UInt64], _ statistics: LayerStatistics? = nil) throws -> ErrorCoupling? {
        ErrorCoupling(role, try #require(Shape(dimensions)), statistics: statistics)
    }

    private static func isNear(_ a: Double, _ b: Double) -> Bool { (a / b - 1).magnitude < 1e-4 }

    static func convolution(groups: UInt64 = 1, _ sign: LayerRole.InputSign = .nonNegative, bias: Int? = nil) -> LayerRole {
        LayerRole(
            consumer: .convolution, outputAxis: 0, outputAxisCount: 1, inputAxes: [1], kernelAxes: [2, 3], groups: groups, inputSign: sign, bias: bias)
    }

    /// Inputs first: as MatMul has them, and Gemm unless it transposes.
    static func inputsFirst(_ consumer: LayerRole.Consumer = .matMul, bias: Int? = nil) -> LayerRole {
        LayerRole(consumer: consumer, outputAxis: 1, outputAxisCount: 1, inputAxes: [0], inputSign: .nonNegative, bias: bias)
    }

    static let outputsFirst = LayerRole(consumer: .gemm, outputAxis: 0, outputAxisCount: 1, inputAxes: [1], inputSign: .signed)
    static let transposed = LayerRole(
        consumer: .transposedConvolution, outputAxis: 1, outputAxisCount: 1, inputAxes: [0], kernelAxes: [2, 3], inputSign: .nonNegative)

    // MARK: roles

    @Test func layoutsAndSizesFollowTheRole() throws {
        let convolution = try #require(try Self.coupling(Self.convolution(), [24, 10, 3, 3]))
        #expect(convolution.layout == .along && convolution.columns == 90 && convolution.outputs == 24)
        let depthwise = try #require(try Self.coupling(Self.convolution(groups: 32), [32, 1, 5, 5]))
        #expect(depthwise.layout == .along && depthwise.columns == 25 && depthwise.outputs == 32)
        let gemm = try #require(try Self.coupling(Self.outputsFirst, [70, 40]))
        #expect(gemm.layout == .along && gemm.columns == 40 && gemm.outputs == 70)
        let matrix = try #require(try Self.coupling(Self.inputsFirst(), [40, 70]))
        #expect(matrix.layout == .across && matrix.columns == 40 && matrix.outputs == 70 && matrix.lineWidth == 70)
        let transposed = try #require(try Self.coupling(Self.transposed, [12, 20, 2, 2]))
        #expect(transposed.layout == .across && transposed.outputs == 20 && transposed.lineWidth == 80)
        let recurrent = LayerRole(consumer: .recurrentInput, outputAxis: 0, outputAxisCount: 2, inputAxes: [2], inputSign: .signed)
        let gates = try #require(try Self.coupling(recurrent, [2, 64, 30]))
        #expect(gates.layout == .along && gates.columns == 30 && gates.outputs == 128)
        // A single output: its weights are next to each other, whatever the order of the axes.
        let single = try #require(try Self.coupling(Self.inputsFirst(), [40, 1]))
        #expect(single.layout == .along && single.columns == 40 && single.outputs == 1)
    }

    /// From line to line only channels are coupled: what steps follow is what that hides, not what taps would.
    @Test func transposedKernelsAreCoupledByChannels() throws {
        let coupling = try #require(try Self.coupling(Self.transposed, [12, 20, 3, 3]))
        let moments = SyntheticMoments(Self.transposed, try #require(Shape([12, 20, 3, 3])))
        let d = PlainMatrix(SyntheticMoments(channels: 12, kernel: [], channelCorrelation: moments.channelCorrelation, tapCorrelation: 0)).factored.d
        let mean = d.reduce(0, +) / 12
        #expect(Self.isNear(coupling.meanWeight, mean), "\(coupling.meanWeight), expected \(mean)")
        let weights = coupling.weights(of: 0..<(12 * 180))
        #expect(weights.indices.allSatisfy { Self.isNear(Double(weights[$0]), d[$0 / 180] / mean) })
    }

    @Test func thereIsNoneWhereNothingCanBeHidden() throws {
        #expect(try Self.coupling(.other, [40, 70]) == nil)
        #expect(try Self.coupling(LayerRole(consumer: .gather, outputAxis: 1, outputAxisCount: 1), [40, 70]) == nil)
        #expect(try Self.coupling(LayerRole(consumer: .bias(of: 0), outputAxis: 0, outputAxisCount: 1), [70]) == nil)
        #expect(try Self.coupling(LayerRole(consumer: .matMul, outputAxis: 0, outputAxisCount: 0, inputAxes: [0]), [40]) == nil)
        // One weight for each output, a kernel of too many taps, nothing at all, and axes in no operator's order.
        #expect(try Self.coupling(Self.convolution(groups: 9), [9, 1, 1, 1]) == nil)
        #expect(try Self.coupling(Self.convolution(), [9, 4, 9, 9]) == nil)
        #expect(try Self.coupling(Self.convolution(), [9, 4, 8, 8]) != nil)
        #expect(try Self.coupling(Self.convolution(), [0, 4, 3, 3]) == nil)
        let channelsLast = LayerRole(consumer: .convolution, outputAxis: 0, outputAxisCount: 1, inputAxes: [3], kernelAxes: [1, 2])
        #expect(try Self.coupling(channelsLast, [9, 3, 3, 4]) == nil)
        let outputsBetween = LayerRole(consumer: .matMul, outputAxis: 1, outputAxisCount: 1, inputAxes: [0, 2])
        #expect(try Self.coupling(outputsBetween, [5, 6, 7]) == nil)
    }

    @Test func synthesisFollowsSignAndKernel() throws {
        let shape = try #require(Shape([8, 6, 3, 1]))
        let plain = SyntheticMoments(Self.convolution(), shape)
        #expect(plain.channels == 6 && plain.kernel == [3] && plain.taps == 3)
        let signed = SyntheticMoments(Self.convolution(.signed), shape)
        let image = SyntheticMoments(Self.convolution(.modelInput), shape)
        #expect(SyntheticMoments(Self.convolution(.unknown), shape) == signed)
        #expect(signed.channelCorrelation < plain.channelCorrelation && plain.channelCorrelation < image.channelCorrelation)
        #expect(signed.tapCorrelation == plain.tapCorrelation && plain.tapCorrelation < image.tapCorrelation)
        #expect(SyntheticMoments(Self.convolution(), try #require(Shape([8, 1, 3, 3]))).channelCorrelation == 0)
        // r^distance between taps.
        let square = SyntheticMoments(channels: 1, kernel: [2, 3], channelCorrelation: 0, tapCorrelation: 0.5).tapMoments
        #expect(square.count == 36 && (0..<6).allSatisfy { square[7 * $0] == 1 })
        let nearest = [square[1], square[3], square[2], square[4]]
        let expected = [0.5, 0.5, 0.25, 0.37521422724648174]
        #expect(zip(nearest, expected).allSatisfy { ($0 - $1).magnitude < 1e-9 }, "\(nearest)")
    }

    // MARK: measured moments

    @Test(arguments: [false, true], [1, 3])
    func measuredMomentsAreMixedWithSyntheticOnes(_ isOrdered: Bool, _ groups: Int) throws {
        let inputs = MeasuredInputs(groups: groups, inputs: 36, isOrdered: isOrdered, seed: 3)
        let synthetic = SyntheticMoments(channels: 4, kernel: [3, 3], channelCorrelation: 0.2, tapCorrelation: 0.8)
        let factors = try #require(inputs.statistics.factors(with: synthetic))
        #expect(factors.count == groups)
        for (factor, mixed) in zip(factors, inputs.mixed(with: synthetic)) {
            let (u, d) = mixed.factored
            #expect((0..<36).allSatisfy { Self.isNear(Double(factor.weights[$0]), d[$0]) })
            let worst = (0..<(36 * 36)).filter { $0 / 36 < $0 % 36 }.map { (Double(factor.gains[$0]) - u[$0 / 36, $0 % 36]).magnitude }.max() ?? 1
            #expect(worst < 1e-4)
        }
    }

    @Test func couplingUnderMeasuredMoments() throws {
        let inputs = MeasuredInputs(groups: 2, inputs: 36, seed: 4)
        let shape = try #require(Shape([10, 4, 3, 3]))
        let role = Self.convolution(groups: 2)
        let coupling = try #require(ErrorCoupling(role, shape, statistics: inputs.statistics))
        let d = inputs.mixed(with: SyntheticMoments(role, shape)).flatMap { $0.factored.d }
        let mean = d.reduce(0, +) / 72
        #expect(coupling.layout == .along && coupling.columns == 36 && Self.isNear(coupling.meanWeight, mean))
        let weights = coupling.weights(of: 0..<360)
        #expect((0..<360).allSatisfy { Self.isNear(Double(weights[$0]) * mean, d[$0 / 180 * 36 + $0 % 36]) })
        // Kernels of any size, where they were measured.
        #expect(try Self.coupling(Self.convolution(), [2, 1, 9, 9], MeasuredInputs(inputs: 81, seed: 5).statistics) != nil)
    }

    @Test func momentsWithoutAFactorGiveNoCoupling() throws {
        let bytes = littleEndian([Float.infinity, 0, 0, 1].map(\.bitPattern))
        let factors = bytes.withView { view in
            LayerStatistics(groups: 1, inputs: 2, factor: view).factors(
                with: SyntheticMoments(channels: 2, kernel: [], channelCorrelation: 0.2, tapCorrelation: 0)) == nil
        }
        #expect(factors)
    }
}
