import TamisModel
import TamisQuantization
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Steps of tensors against each other")
struct StepAllocationTests {
    private static let model: ModelSource = {
        var model = ModelSource()
        model.add("matrix", [60, 50], scale: 0.3, seed: 1)
        model.add("other", [100, 90], scale: 0.004, seed: 2)
        model.add("vector", [2500], scale: 0.1, seed: 3)
        model.add("small", [20, 20], scale: 0.1, seed: 4)
        var random = SplitMix64(seed: 5)
        // Rows of very different scales.
        model.add("kernels", [32, 16, 3, 3], (0..<(32 * 144)).map { random.laplacian(scale: 0.01 * Float(1 << ($0 / 144 % 5))) })
        return model
    }()

    private static func deviation(_ name: String) throws -> Double {
        let values = model.values[try #require(model.names.firstIndex(of: name))].map(Double.init)
        let mean = values.reduce(0, +) / Double(values.count)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
    }

    /// Step and λ of each tensor; λ is nil for rounding.
    private static func steps(_ options: EncodingOptions, scale: Double) throws -> [String: (step: Double, lambda: Double?)] {
        try model.analyzed(options) { tensors in
            let allocation = StepAllocation(allocation: options.allocation, profile: .level(options.effort), preservesGain: false)
            var steps: [String: (step: Double, lambda: Double?)] = [:]
            for work in tensors {
                if let quantizer = allocation.plan(work, scale: scale).quantizer { steps[work.description.name] = (Double(quantizer.step), quantizer.lambda) }
            }
            return steps
        }
    }

    private static func expectNear(_ value: Double?, _ expected: Double, _ place: SourceLocation = #_sourceLocation) {
        #expect(value.map { ($0 / expected - 1).magnitude < 1e-6 } == true, "\(String(describing: value)), expected \(expected)", sourceLocation: place)
    }

    @Test(arguments: [1e-4, 3e-3])
    func balancedStepsGoWithDeviationAndCount(_ scale: Double) throws {
        let steps = try Self.steps(EncodingOptions(effort: 2), scale: scale)
        Self.expectNear(steps["matrix"]?.step, scale * (try Self.deviation("matrix")) * 3000.0.squareRoot())
        Self.expectNear(steps["other"]?.step, scale * (try Self.deviation("other")) * 9000.0.squareRoot())
        Self.expectNear(steps["small"]?.step, scale * (try Self.deviation("small")) * 20)
        // Of one dimension: two bits finer.
        Self.expectNear(steps["vector"]?.step, 0.25 * scale * (try Self.deviation("vector")) * 50)
        #expect(steps.values.allSatisfy { $0.lambda == nil })
    }

    @Test func globalStepsAreEqual() throws {
        for (_, step) in try Self.steps(EncodingOptions(allocation: .global, effort: 2), scale: 0.01) { Self.expectNear(step.step, Double(Float(0.01))) }
    }

    /// A weight w divides the step by √w; a rule's weight takes the place of a sensitivity.
    @Test(arguments: EncodingOptions.Allocation.allCases)
    func sensitivities(_ allocation: EncodingOptions.Allocation) throws {
        let plain = try Self.steps(EncodingOptions(allocation: allocation, effort: 2), scale: 1e-3)
        let rules = [TensorRule(pattern: "v*", settings: TensorSettings(weight: 100)), TensorRule(pattern: "small", settings: TensorSettings(weight: 0.25))]
        let weighted = try Self.steps(
            EncodingOptions(allocation: allocation, effort: 2, rules: rules, sensitivities: ["matrix": 4, "vector": 9]), scale: 1e-3)
        for (name, factor) in [("matrix", 2.0), ("vector", 10), ("small", 0.5), ("other", 1)] {
            Self.expectNear(weighted[name]?.step, (try #require(plain[name])).step / factor)
        }
    }

    @Test func ownStepsStay() throws {
        let rules = [
            TensorRule(pattern: "matrix", settings: TensorSettings(step: 0.37)),
            TensorRule(pattern: "other", settings: TensorSettings(quantizer: .trellis(states: 8), step: 0.003)),
            TensorRule(pattern: "kernels", settings: TensorSettings(quantizer: .rateDistortion, step: 0.05)),
        ]
        for scale in [1e-5, 1e-2] {
            let steps = try Self.steps(EncodingOptions(effort: 2, rules: rules, sensitivities: ["matrix": 7]), scale: scale)
            #expect(steps["matrix"]?.step == Double(Float(0.37)) && steps["other"]?.step == Double(Float(0.003)) && steps["kernels"]?.step == Double(Float(0.05)))
        }
    }

    /// Steps that follow the rows are smaller by the root of what the rows add to the mean of squared steps.
    @Test func rowGain() throws {
        let deviation = try Self.deviation("kernels")
        try Self.model.analyzed(EncodingOptions(effort: 2)) { tensors in
            let work = try #require(tensors.first { $0.description.name == "kernels" })
            #expect(work.rowStepExponent == 1 && Set(work.rows).count > 3)
            // α = ½: the square of a row's step goes with 2^(class ⁄ 2).
            let factors = work.rows.map { class_ in (0..<abs(Int(class_))).reduce(1.0) { product, _ in class_ > 0 ? product * 2.0.squareRoot() : product / 2.0.squareRoot() } }
            let gain = factors.reduce(0, +) / Double(factors.count)
            #expect((work.rowStepGain / gain - 1).magnitude < 1e-6)
            let plan = StepAllocation(allocation: .balanced, profile: .level(2), preservesGain: false).plan(work, scale: 1e-3)
            Self.expectNear((plan.quantizer?.step).map(Double.init), 1e-3 * deviation * Double(32 * 144).squareRoot() / gain.squareRoot())
            // All others have one step.
            for other in tensors where other.description.name != "kernels" { #expect(other.rowStepExponent == 0 && other.rowStepGain == 1) }
        }
        // Nor do steps follow rows where the caller names them.
        for options in [EncodingOptions(target: .step(0.01)), EncodingOptions(allocation: .global), EncodingOptions(settings: TensorSettings(step: 0.01))] {
            try Self.model.analyzed(options) { tensors in #expect(tensors.allSatisfy { $0.rowStepExponent == 0 }) }
        }
    }

    /// Searches have other steps at the same slope of distortion against rate, and λ to go with them; vectors and small tensors are
    /// rounded.
    @Test func searchedQuantizers() throws {
        let scale = 1e-3
        let plain = try Self.steps(EncodingOptions(effort: 2), scale: scale)
        let slope = StepAllocation.slope
        let searched = try Self.steps(EncodingOptions(effort: 3), scale: scale)
        for name in ["matrix", "other", "kernels"] {
            Self.expectNear(searched[name]?.step, 0.95 * (try #require(plain[name])).step)
            Self.expectNear(searched[name]?.lambda, slope / (0.95 * 0.95))
        }
        for effort in 4...9 {
            let steps = try Self.steps(EncodingOptions(effort: effort), scale: scale)
            for name in ["matrix", "other", "kernels"] {
                let factor = (try #require(steps[name])).step / (try #require(plain[name])).step
                #expect((0.6 - 1e-6...0.7 + 1e-6).contains(factor), "\(name): \(factor)")
                Self.expectNear((steps[name]?.lambda).map { $0 * factor * factor }, slope)
            }
            for name in ["vector", "small"] { #expect(steps[name]?.step == plain[name]?.step && steps[name]?.lambda == nil) }
        }
    }

    @Test func tensorsThatCannotBeQuantizedStayExact() throws {
        var model = ModelSource()
        model.add("tiny", [60, 60], scale: 1e-36, seed: 1)
        model.add("fine", [60, 60], scale: 1, seed: 2)
        try model.analyzed(EncodingOptions(effort: 2)) { tensors in
            let allocation = StepAllocation(allocation: .balanced, profile: .level(2), preservesGain: false)
            if case .exact(let reason) = allocation.plan(tensors[0], scale: 1e-3) { #expect(reason.contains("outside what the format allows")) } else { Issue.record("quantized") }
            if case .exact(let reason) = allocation.plan(tensors[1], scale: 1e-9) { #expect(reason == "its largest value is more than 2^22 steps") } else { Issue.record("quantized") }
            #expect(allocation.plan(tensors[1], scale: 1e-3).quantizer != nil)
        }
    }
}
