import TamisBits
import TamisQuantization
import TamisTestSupport
import Testing

@Suite("The quantizer is q = 0 if |X| ⩽ δΔ, else sgn(X) · ⌈|X| ⁄ Δ − δ⌉")
struct DeadzoneQuantizerTests {
    /// The formula in exact arithmetic.
    private static func formula(_ value: Float, step: Float, deadzone256: Int) -> Int128 {
        let magnitude = ExactNumber(value).magnitude
        let dead = ExactNumber(Int128(deadzone256), exponent: -8) * ExactNumber(step)
        if magnitude <= dead { return 0 }
        let index = (magnitude - dead).dividedUp(by: ExactNumber(step))
        return value < 0 ? -index : index
    }

    private static func indices(_ values: [Float], _ quantizer: DeadzoneQuantizer) -> [Int32] {
        var indices = [Int32](repeating: .min, count: values.count)
        littleEndian(values.map(\.bitPattern)).withView { view in
            indices.withUnsafeMutableBufferPointer { quantizer.quantize(view, into: $0) }
        }
        return indices
    }

    private static let deadzones = [0, 1, 64, 127, 128, 129, 152, 200, 255, 256]

    /// With a power of two as step, every operation is exact: so is the index, on ties and beside them.
    @Test(arguments: deadzones, [-20, -3, 0, 5])
    func exactOnPowersOfTwo(_ deadzone256: Int, _ exponent: Int) {
        let step = Float(sign: .plus, exponent: exponent, significand: 1)
        let quantizer = DeadzoneQuantizer(step: step, deadzone: Double(deadzone256) / 256)
        var values: [Float] = [0, -0.0, .leastNormalMagnitude / 16, step * 3e-7]
        for sixteenth in 0..<200 {
            let value = Float(sixteenth) / 16 * step
            values += [value, value.nextUp, value.nextDown]
        }
        for border in 0..<20 {
            let value = (Float(border) + Float(deadzone256) / 256) * step
            values += [value, value.nextUp, value.nextDown]
        }
        values += values.map { -$0 }
        for (value, index) in zip(values, Self.indices(values, quantizer)) {
            // What is far below a step is no longer beside a tie in 128 bits.
            let isTiny = value.magnitude < step * 1e-20
            let expected = isTiny ? (deadzone256 == 0 && value != 0 ? (value < 0 ? -1 : 1) : 0) : Self.formula(value, step: step, deadzone256: deadzone256)
            #expect(Int128(index) == expected, "\(value) in steps of \(step), δ = \(deadzone256)⁄256")
        }
    }

    /// With other steps the quotient is rounded: only within 2^−50 of a border may the index be the neighbour's.
    @Test(arguments: deadzones)
    func nearestOnOtherSteps(_ deadzone256: Int) {
        var random = SplitMix64(seed: UInt64(deadzone256))
        for _ in 0..<20 {
            let step = Float.random(in: 0.01...3, using: &random)
            var values = (0..<60).map { _ in Float.random(in: -100...100, using: &random) }
            values += (0..<60).map { _ in (Float(Int.random(in: -40...40, using: &random)) + Float(deadzone256) / 256) * step }
            let quantizer = DeadzoneQuantizer(step: step, deadzone: Double(deadzone256) / 256)
            for (value, index) in zip(values, Self.indices(values, quantizer)) where Int128(index) != Self.formula(value, step: step, deadzone256: deadzone256) {
                let quotient = Double(value.magnitude) / Double(step) - Double(deadzone256) / 256
                let distance = (quotient - quotient.rounded()).magnitude
                #expect(distance <= max(quotient.magnitude, 1) * 0x1p-50, "\(value) in steps of \(step), δ = \(deadzone256)⁄256: \(index)")
            }
        }
    }

    @Test func midtreadRoundsToNearestWithTiesTowardZero() {
        let quantizer = DeadzoneQuantizer(step: 0.5, deadzone: 0.5)
        #expect(quantizer.reconstruction.offset == 0)
        let values: [Float] = [0, 0.25, 0.250001, 0.5, 0.74, 0.75, 0.76, -0.25, -0.26, -0.75, -0.76, 1.25, 1.26]
        #expect(Self.indices(values, quantizer) == [0, 0, 1, 1, 1, 1, 2, 0, -1, -1, -2, 2, 3])
    }

    @Test func midriseHasNoZeroButZero() {
        let quantizer = DeadzoneQuantizer(step: 1, deadzone: 0)
        #expect(quantizer.reconstruction.offset == -128)
        let values: [Float] = [0, -0.0, 0.001, -0.001, 1, 1.001, -1, -1.001, .leastNonzeroMagnitude, -.leastNonzeroMagnitude]
        #expect(Self.indices(values, quantizer) == [0, 0, 1, -1, 1, 2, -1, -2, 1, -1])
    }

    @Test func deadzoneIsSnappedTo256ths() {
        for (given, snapped) in [(0.5, 128.0), (0.501, 128), (0.5059, 130), (0.0019, 0), (0.00196, 1), (1, 256), (2.5 / 256, 2), (3.5 / 256, 4)] {
            let quantizer = DeadzoneQuantizer(step: 1, deadzone: given)
            #expect(quantizer.deadzone == snapped / 256)
            #expect(quantizer.reconstruction.offset == Int(snapped) - 128)
        }
    }

    @Test func hugeAndTinyValuesSaturate() {
        let quantizer = DeadzoneQuantizer(step: 1, deadzone: 0.5)
        let largest = (Int32(1) << 30) - 1
        let values: [Float] = [0x1p30, 0x1.8p30, 0x1p31, 0x1p40, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .infinity, -.infinity, 0x1.fffffep29]
        #expect(Self.indices(values, quantizer) == [largest, largest, largest, largest, largest, -largest, largest, -largest, largest - 63])
        let fine = DeadzoneQuantizer(step: 0x1p-100, deadzone: 0.5)
        #expect(Self.indices([1, -1, 0x1p-100, 0x1p-101, 0x1.8p-100, 0x1p-149], fine) == [largest, -largest, 1, 0, 1, 0])
        let coarse = DeadzoneQuantizer(step: 0x1p80, deadzone: 1)
        #expect(Self.indices([0x1p80, 0x1.8p80, -0x1p82, .greatestFiniteMagnitude], coarse) == [0, 1, -3, largest])
        #expect(Self.indices([], coarse) == [])
    }

    /// The error is at most half a step outside the zero cell, and at most δ steps inside it; plus the rounding to float32.
    @Test(arguments: deadzones)
    func errorIsBounded(_ deadzone256: Int) {
        var random = SplitMix64(seed: 77)
        let step = Float.random(in: 0.1...0.2, using: &random)
        let quantizer = DeadzoneQuantizer(step: step, deadzone: Double(deadzone256) / 256)
        let values = (0..<4000).map { _ in Float.random(in: -10...10, using: &random) }
        let scaled = Double(step) * 0x1p-8
        for (value, index) in zip(values, Self.indices(values, quantizer)) {
            let back = Reconstruction.value(index, offset: Int32(quantizer.reconstruction.offset), scaled: scaled)
            let bound = index == 0 ? Double(step) * quantizer.deadzone : Double(step) / 2
            #expect((Double(value) - Double(back)).magnitude <= bound + Double(back.ulp), "\(value), index \(index)")
        }
    }
}
