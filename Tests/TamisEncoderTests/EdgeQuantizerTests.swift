import TamisModel
import TamisSyntax
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Quantizers of tensors at the edges")
struct EdgeQuantizerTests {
    static let choices: [QuantizerChoice] =
        MinifloatFormTests.formats.map { QuantizerChoice.minifloat(exponentBits: $0.0, mantissaBits: $0.1) } + [
            .half, .symmetric(bits: 2), .symmetric(bits: 8), .symmetric(bits: 16), .affine(bits: 1, calibration: .minMax), .affine(bits: 8, calibration: .minMax),
            .affine(bits: 8, calibration: .percentile(99.9)), .affine(bits: 8, calibration: .meanSquaredError), .affine(bits: 16, calibration: .meanSquaredError),
            .codebook(levels: 2), .codebook(levels: 16), .codebook(levels: 300), .codebook(levels: 65_536), .muLaw(mu: 255, range: nil, levels: nil),
            .muLaw(mu: 255, range: 1, levels: 256), .muLaw(mu: 255, range: nil, levels: 131_070), .muLaw(mu: 1, range: nil, levels: 2),
        ]

    private static func random(_ count: Int, _ seed: UInt64, _ change: (Int, Float) -> Float = { $1 }) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { change($0, random.laplacian(scale: 0.1)) }
    }

    private static let tensors: [[Float]] = [
        [Float](repeating: 0.37, count: 100), [Float](repeating: -0.37, count: 100), [3], [-3], [1, 0], [0, -1], (0..<2500).map { Float(bitPattern: UInt32($0 * 3)) },
        random(3000, 1) { $1 * ($0 % 3 == 0 ? 1e30 : $0 % 3 == 1 ? 1e-30 : 1) }, random(4 * 3 * 5 * 7 * 9, 2), random(2000, 3) { $0 == 17 ? 1e6 : $1 },
        (0..<3000).map { $0 % 2 == 0 ? -0.0 : Float($0 % 5) }, random(1000, 4) { $0 % 2 == 0 ? 0 : $1 }, random(65, 5), random(500, 6) { $1.magnitude }, random(500, 7) { -$1.magnitude },
        [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1, 0], [.leastNonzeroMagnitude, 0],
    ]

    @Test(arguments: choices)
    func descriptionsAreValid(_ choice: QuantizerChoice) throws {
        #expect(choice.problem == nil)
        var fittedCount = 0
        for source in Self.tensors {
            let fitted: FittedTensor
            do throws(Refusal) { fitted = try FittedTensor(choice, source, step: 0.001) } catch {
                #expect(!error.description.isEmpty)
                continue
            }
            fittedCount += 1
            // Writing checks every range, and that parts agree.
            _ = try fitted.coding.encoded()
            #expect(fitted.values.count == source.count, "\(source.prefix(4))")
            #expect(fitted.values.allSatisfy { $0.isFinite })
            if case .codebook = choice { expectNearest(fitted, source) }
            // Exact zero has index 0, unless a codebook of other values was wanted.
            if case .codebook = choice { continue }
            for (value, index) in zip(source, fitted.indices) where value == 0 { #expect(index == 0) }
            for (value, back) in zip(source, fitted.values) where back != 0 { #expect((value < 0) == (back < 0)) }
        }
        #expect(fittedCount >= 11, "\(fittedCount)")
    }

    @Test(arguments: choices)
    func allZero(_ choice: QuantizerChoice) {
        #expect(refusal(choice, [Float](repeating: 0, count: 50), step: 1) == "its values are all zero")
        #expect(refusal(choice, [-0.0], step: 1) == "its values are all zero")
    }

    @Test(arguments: [QuantizerChoice.uniform(deadzone: 0.5), .rateDistortion, .trellis(states: 8), .exact])
    func nothingToFit(_ choice: QuantizerChoice) { #expect(refusal(choice, [1, 2], step: 1) == "its quantizer has no parameters to fit") }
}
