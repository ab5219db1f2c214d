import TamisArithmetic
import TamisBits
import TamisModel
import TamisQuantization
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Errors hidden from line to line")
struct AcrossFeedbackTests {
    private static let step: Float = 0.1

    private static func model(_ dimensions: [Int], _ role: LayerRole) -> ModelSource {
        var model = ModelSource()
        var random = SplitMix64(seed: 61)
        // Some weights are zero, as pruned ones are.
        model.add("w", dimensions, (0..<dimensions.reduce(1, *)).map { $0 % 11 == 0 ? 0 : random.laplacian(scale: 0.4) }, role: role)
        return model
    }

    private static let measured = MeasuredInputs(inputs: 40, isOrdered: true, seed: 7)

    enum Form: String, CaseIterable, Sendable { case matrix, measuredMatrix, transposedKernel }

    private static func prepared(_ form: Form) -> (model: ModelSource, width: Int, options: EncodingOptions) {
        switch form {
        case .matrix: (model([40, 70], ErrorCouplingTests.inputsFirst()), 70, EncodingOptions())
        case .measuredMatrix: (model([40, 70], ErrorCouplingTests.inputsFirst()), 70, EncodingOptions(statistics: ["w": measured.statistics]))
        case .transposedKernel: (model([30, 12, 3, 2], ErrorCouplingTests.transposed), 72, EncodingOptions())
        }
    }

    /// U of the lines `first` … `last`, whose errors meet.
    private static func gains(_ form: Form, lines: ClosedRange<Int>) throws -> PlainMatrix {
        let role = form == .transposedKernel ? ErrorCouplingTests.transposed : ErrorCouplingTests.inputsFirst()
        let shape = try #require(Shape(form == .transposedKernel ? [30, 12, 3, 2] : [40, 70]))
        let moments = SyntheticMoments(role, shape)
        if form == .measuredMatrix { return measured.mixed(with: moments)[0].factored.u.part(from: lines.lowerBound, count: lines.count) }
        return PlainMatrix(SyntheticMoments(channels: lines.count, kernel: [], channelCorrelation: moments.channelCorrelation, tapCorrelation: 0)).factored.u
    }

    /// For whole tensors, slices that begin and end within lines, and slices within one line: each target is the weight with the errors
    /// of those before it in its column, where the levels are those that a decoder finds from the state at the slice's beginning.
    @Test(arguments: Form.allCases, [0, 3, 5, 8])
    func eachLineTakesTheErrorsOfThoseBeforeIt(_ form: Form, _ statesLog2: Int) throws {
        let (model, width, options) = Self.prepared(form)
        let trellis = Trellis(statesLog2: statesLog2)
        try model.analyzed(options) { works in
            let work = works[0]
            #expect(work.coupling?.layout == .across)
            let quantizer: TensorQuantizer =
                trellis.map { .trellis($0, step: Self.step, lambda: 0.3) } ?? .rounding(DeadzoneQuantizer(step: Self.step, deadzone: 0.5))
            var search = IndexSearch(work, quantizer, FeedbackSearch.binarization)
            search.usesNeighbours = true
            if trellis != nil { search.offset = 24 }
            let rates = trellis.map { FeedbackSearch.rates(mean: 2, lambda: 0.3, $0) }
            for range in [0..<work.elementCount, 100..<1001, 5..<(width - 3), (width - 4)..<(width + 4), (2 * width - 4)..<(3 * width + 9), (width / 2)..<(3 * width / 2 + 20), (work.elementCount - 1)..<work.elementCount] {
                var indices = [Int32](repeating: .min, count: range.count)
                let targets = try #require(indices.withUnsafeMutableBufferPointer { search.find(range, rates, into: $0) })
                var levels = indices
                if let trellis { levels.withUnsafeMutableBufferPointer { trellis.levels($0) } }
                let lines = (range.lowerBound / width)...((range.upperBound - 1) / width)
                let u = try Self.gains(form, lines: lines)
                var worst = 0.0
                var zeros = 0
                var errors: [Int: Double] = [:]
                for (i, place) in range.enumerated() {
                    let x = Double(model.values[0][place] * Float(1 / Double(Self.step)))
                    var expected = x
                    for before in lines.lowerBound..<(place / width) where x != 0 {
                        expected += u[before - lines.lowerBound, place / width - lines.lowerBound] * (errors[before * width + place % width] ?? 0)
                    }
                    errors[place] = x - Double(levels[i]) - Double(levels[i].signum()) * Double(search.offset) / 256
                    worst = max(worst, (Double(targets[i]) - expected).magnitude)
                    if x == 0 { zeros += targets[i] == 0 && indices[i] == 0 ? 0 : 1 }
                }
                #expect(worst < 2e-4 && zeros == 0, "\(range): off by \(worst) steps, \(zeros) zeros lost")
                let distance = zip(targets, levels).map { (Double($0) - Double($1)).magnitude }.max() ?? 0
                #expect(distance <= (trellis == nil ? 0.5 : 4), "\(range): \(distance)")
            }
        }
    }

    /// The decoder, which checks the digest of what the encoder took the levels to stand for, gets values whose errors hide each other.
    @Test(arguments: Form.allCases, [2, 3, 4, 5])
    func decodedValuesHideTheErrors(_ form: Form, _ effort: Int) throws {
        var (model, width, options) = Self.prepared(form)
        options.target = .step(Self.step)
        options.effort = effort
        options.sliceElementsLog2 = 20
        func outputError(_ feedback: FeedbackChoice, _ statistics: [String: LayerStatistics]) throws -> Double {
            var options = options
            options.feedback = feedback
            options.statistics = statistics
            let decoded = try ModelSource.decoded(try model.encoded(options).stream)[0]
            let lines = model.values[0].count / width
            let role = form == .transposedKernel ? ErrorCouplingTests.transposed : ErrorCouplingTests.inputsFirst()
            let moments = SyntheticMoments(role, try #require(Shape(model.dimensions[0].map(UInt64.init))))
            let h =
                form == .measuredMatrix
                ? Self.measured.mixed(with: moments)[0]
                : PlainMatrix(SyntheticMoments(channels: lines, kernel: [], channelCorrelation: moments.channelCorrelation, tapCorrelation: 0))
            return (0..<width).reduce(0) { sum, column in
                sum + h.energy((0..<lines).map { Double(model.values[0][$0 * width + column]) - Double(decoded[$0 * width + column]) })
            }
        }
        let (hidden, plain) = (try outputError(.synthetic, options.statistics), try outputError(.none, [:]))
        #expect(hidden < 0.95 * plain, "\(hidden), without feedback \(plain)")
    }
}
