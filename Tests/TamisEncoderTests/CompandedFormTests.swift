import Foundation
import TamisSyntax
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("μ-law companding")
struct CompandedFormTests {
    /// y ⁄ Δ_y by the mathematics library.
    private static func companded(_ value: Float, mu: Double, range: Double, spacing: Double) -> Double {
        log1p(mu * min(Double(value.magnitude), range) / range) / log1p(mu) / spacing
    }

    @Test func byHand() throws {
        // μ = 255, Xmax = 1, 16 levels: Δ_y = ⅛, values (256^(k ⁄ 8) − 1) ⁄ 255 = (2^k − 1) ⁄ 255.
        let source: [Float] = [1, -1, 127 / 255, 3 / 255, 0, -0.0, 0.41 / 255, 0.42 / 255, 5, -1 / 255]
        let fitted = try FittedTensor(.muLaw(mu: 255, range: 1, levels: 16), source)
        guard case .companded(let companding) = fitted.quantizer.form else { Issue.record("not companded"); return }
        #expect(companding.amplitude == Float(1.0 / 255) && companding.growth == 1 && companding.levels == 8)
        // The first border is (√2 − 1) ⁄ 255.
        #expect(fitted.indices == [8, -8, 7, 2, 0, 0, 0, 1, 8, -1])
        #expect((fitted.values[0] - 1).magnitude < 1e-6 && (fitted.values[2] - 127 / 255).magnitude < 1e-6)
        #expect(fitted.coding.quantizerKind == 3 && fitted.coding.companding == companding)
    }

    @Test(arguments: [0.5, 30, 255, 10_000], [2, 5, 16, 255, 256, 4096, 131_070])
    func roundsTheCompandedValue(_ mu: Double, _ levels: Int) throws {
        let choice = QuantizerChoice.muLaw(mu: mu, range: 0.75, levels: levels)
        if choice.problem != nil { return }
        var random = SplitMix64(seed: UInt64(levels))
        let source = (0..<3000).map { _ in random.laplacian(scale: 0.2) }
        let fitted = try FittedTensor(choice, source)
        var outside = 0
        for (value, index) in zip(source, fitted.indices) {
            #expect(index == 0 || (index < 0) == (value < 0))
            #expect(Int(index.magnitude) <= levels / 2)
            let exact = Self.companded(value, mu: mu, range: 0.75, spacing: 2 / Double(levels))
            // The growth is rounded to binary32: y is off by a share of that.
            if (exact - Double(index.magnitude)).magnitude > 0.5 + exact * 2e-7 * Double(levels) + 1e-9 { outside += 1 }
            if value.magnitude > 0.75 { #expect(Int(index.magnitude) == levels / 2) }
        }
        #expect(outside == 0)
        // The decoder's expander undoes the compressor.
        for (index, back) in zip(fitted.indices, fitted.values) where Int(index.magnitude) <= levels / 2 - 1 {
            let y = Self.companded(back, mu: mu, range: 0.75, spacing: 2 / Double(levels))
            #expect((y - Double(index.magnitude)).magnitude <= 1e-6 * Double(levels))
        }
    }

    /// The target's step asks for the error of a uniform quantizer.
    @Test(arguments: [1e-3, 1e-4, 1e-5], [10.0, 255])
    func errorIsThatOfTheStep(_ step: Double, _ mu: Double) throws {
        var random = SplitMix64(seed: 3)
        let source = (0..<30_000).map { _ in random.laplacian(scale: 0.05) }
        for range in [nil, 0.3] as [Double?] {
            let fitted = try FittedTensor(.muLaw(mu: mu, range: range, levels: nil), source, step: step)
            let inside = zip(source, fitted.values).filter { $0.0.magnitude <= Float(range ?? 10) }
            let error = FittedTensor.meanSquaredError(inside.map(\.0), inside.map(\.1))
            #expect((error / (step * step / 12) - 1).magnitude < 0.04, "\(error) for \(step * step / 12)")
        }
    }

    @Test func asFineAndAsCoarseAsTheFormatAllows() throws {
        var random = SplitMix64(seed: 4)
        let source = (0..<2000).map { _ in random.laplacian(scale: 0.05) }
        func companding(_ mu: Double, _ step: Double) throws -> Companding {
            try FittedTensor(.muLaw(mu: mu, range: nil, levels: nil), source, step: step).coding.companding
        }
        #expect(try companding(255, 1e-30).levels == 65535)
        let coarse = try companding(0x1p20, 1e30)
        #expect(coarse.levels == 2 && coarse.growth == 1024)
        #expect(try companding(0x1p-10, 1e-30).growth == 0x1p-24)
        #expect(try FittedTensor(.muLaw(mu: 255, range: nil, levels: nil), source, step: 1e30).indices.allSatisfy { $0.magnitude <= 1 })
        let finest = try FittedTensor(.muLaw(mu: 255, range: nil, levels: nil), source, step: 1e-30)
        #expect(finest.meanSquaredError(source) < 1e-10 && finest.values.count == source.count)
        #expect(refusal(.muLaw(mu: 255, range: nil, levels: nil), source) == "neither its settings nor the target say how fine its companding is")
        #expect(refusal(.muLaw(mu: 255, range: nil, levels: 256), [0x1p-126]) == "its companding is outside what the format allows")
    }
}
