import TamisQuantization
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Minifloats and binary16")
struct MinifloatFormTests {
    /// The study's formats: exponent and mantissa bits.
    static let formats = [(4, 7), (3, 6), (3, 4), (4, 3), (3, 3), (2, 4), (2, 3), (1, 4), (2, 2), (1, 3), (1, 2), (0, 3)]

    @Test func byHand() throws {
        // 4:1,2 with the largest magnitude 3: exponents 0 and 1; 1, 1.25, 1.5, 1.75, 2, 2.5, 3; 3.5 has no index.
        let fitted = try FittedTensor(.minifloat(exponentBits: 1, mantissaBits: 2), [3, -3, 2.5, 2, 1.75, 1, 0.001, -0.001, 0, -0.0, 1.125, 1.375, 2.25, 2.75, 1.9])
        guard case .minifloat(let format) = fitted.quantizer.form else { Issue.record("not a minifloat"); return }
        #expect(format.exponentBits == 1 && format.mantissaBits == 2 && format.bias == 0 && format.subnormals == 0 && format.top == 7)
        // Ranks 6 … 0 are indices 1 … 7; ties go to even ranks: 1 (0), 1.5 (2), 2 (4), 3 (6).
        #expect(fitted.indices == [1, -1, 2, 3, 4, 7, 7, -7, 0, 0, 7, 5, 3, 1, 3])
        #expect(fitted.values == [3, -3, 2.5, 2, 1.75, 1, 1, -1, 0, 0, 1, 1.5, 2, 3, 2])
        #expect(fitted.coding.quantizerKind == 4 && fitted.coding.minifloat == format)
    }

    @Test func largestRoundsUpToTheNextExponent() throws {
        // 7.9 with two mantissa bits is 8: the highest exponent code is that of 8, and the rank its first.
        let fitted = try FittedTensor(.minifloat(exponentBits: 2, mantissaBits: 2), [7.9, 7, 7.4, 1])
        guard case .minifloat(let format) = fitted.quantizer.form else { Issue.record("not a minifloat"); return }
        #expect(format.bias == 0 && format.top == 13)
        #expect(fitted.values == [8, 7, 7, 1])
        // Without mantissa a tie takes no further exponent code.
        let powers = try FittedTensor(.minifloat(exponentBits: 1, mantissaBits: 0), [3, 2, 1, 1.5, 0.1])
        #expect(powers.values == [2, 2, 1, 1, 1])
        #expect(try FittedTensor(.minifloat(exponentBits: 1, mantissaBits: 0), [3.1, 2, 1]).values == [4, 2, 2])
        #expect(try FittedTensor(.minifloat(exponentBits: 0, mantissaBits: 0), [3, -2, 0, 0.1]).values == [2, -2, 0, 2])
    }

    @Test(arguments: formats)
    func nearestOfAllMagnitudes(_ exponentBits: Int, _ mantissaBits: Int) throws {
        for (seed, scale) in [Float(0.05), 1e-20, 3e20, 1].enumerated() {
            var random = SplitMix64(seed: UInt64(seed))
            var source = (0..<1500).map { _ in random.laplacian(scale: scale) }
            for exponent in -20...0 { source += [Float(sign: .plus, exponent: exponent, significand: scale), -Float(sign: .plus, exponent: exponent, significand: scale * 0.75)] }
            let fitted = try FittedTensor(.minifloat(exponentBits: exponentBits, mantissaBits: mantissaBits), source)
            expectNearest(fitted, source, leavingOut: [0])
            for (value, index) in zip(source, fitted.indices) { #expect((index == 0) == (value == 0) && (index < 0) == (value < 0)) }
            // The largest magnitude is within its format's precision, and index ±1 stands for it.
            let largest = try #require(source.map(\.magnitude).max())
            let back = try #require(fitted.values.map(\.magnitude).max())
            #expect((largest - back).magnitude <= largest * Float(sign: .plus, exponent: -mantissaBits - 1, significand: 1))
            #expect(fitted.indices.map(\.magnitude).filter { $0 > 0 }.min() == 1)
            guard case .minifloat(let format) = fitted.quantizer.form else { Issue.record("not a minifloat"); return }
            #expect(format.top <= 1 << (exponentBits + mantissaBits) && format.top > (1 << (exponentBits + mantissaBits)) - (1 << mantissaBits))
        }
    }

    /// Values in the middle of two ranks, and beside it.
    @Test(arguments: formats)
    func tiesGoToEvenRanks(_ exponentBits: Int, _ mantissaBits: Int) throws {
        let format = try #require(Minifloat(exponentBits: exponentBits, mantissaBits: mantissaBits, bias: 7, hasSubnormals: false))
        let rounding = MinifloatRounding(format, highestRank: format.rankCount - 1)
        for rank in 0..<(format.rankCount - 1) {
            let middle = (format.magnitude(rank: rank) + format.magnitude(rank: rank + 1)) / 2
            func found(_ value: Float) -> Int { Int(rounding.rank(Int32(bitPattern: value.bitPattern))) }
            #expect(found(middle) == rank + rank % 2)
            #expect(found(middle.nextDown) == rank && found(middle.nextUp) == rank + 1)
            #expect(found(format.magnitude(rank: rank)) == rank)
        }
        #expect(rounding.rank(Int32(bitPattern: Float.greatestFiniteMagnitude.bitPattern)) == Int32(format.rankCount - 1))
    }

    @Test func outsideTheFormat() {
        for largest in [Float.leastNonzeroMagnitude, 1e-38, 0x1p-99, 0x1.8p127] {
            #expect(refusal(.minifloat(exponentBits: 5, mantissaBits: 2), [largest])?.hasPrefix("its largest magnitude is ") == true, "\(largest)")
        }
        #expect(refusal(.minifloat(exponentBits: 5, mantissaBits: 2), [0x1p-69]) == nil)
        #expect(refusal(.minifloat(exponentBits: 5, mantissaBits: 2), [0x1p111]) == nil)
        #expect(refusal(.minifloat(exponentBits: 5, mantissaBits: 2), [0x1p112]) != nil)
    }

    /// Against the processor's own rounding.
    @Test func halfIsBinary16() throws {
        var random = SplitMix64(seed: 8)
        var source: [Float] = [65504, 65519, 65520, 65535, 1e9, 65488, 0x1p-14, 0x1p-24, 0x1p-25, 0x1.000002p-25, 0x1.8p-24, 0x1.ff8p-15, 0x1.ffcp-15, 0x1.ffep-15, .leastNonzeroMagnitude, 0]
        for exponent in -27...15 { source += (0..<400).map { _ in Float(sign: .plus, exponent: exponent, significand: Float.random(in: 1..<2, using: &random)) } }
        // Ties of normal and subnormal numbers.
        for bits in stride(from: UInt16(1), to: 0x7BFF, by: 37) { source.append((Float(Float16(bitPattern: bits)) + Float(Float16(bitPattern: bits + 1))) / 2) }
        source += source.map { -$0 }
        let fitted = try FittedTensor(.half, source)
        let expected = source.map { value in
            let rounded = Float(Float16(value))
            return rounded.isInfinite ? (value < 0 ? -65504 : 65504) : rounded
        }
        #expect(fitted.values == expected)
        #expect(fitted.values.allSatisfy { $0 != 0 || $0.sign == .plus })
        guard case .minifloat(let format) = fitted.quantizer.form else { Issue.record("not a minifloat"); return }
        #expect(format.exponentBits == 5 && format.mantissaBits == 10 && format.bias == 15 && format.subnormals == 1 && format.top == 31 << 10)
        let small = try FittedTensor(.half, [1.5, -1, 0x1p-24])
        #expect(small.indices == [1, -513, 15 << 10 + 512] && small.coding.minifloat.top == 15 << 10 + 513)
        #expect(refusal(.half, [0x1p-25, -0x1p-26]) == "its values all round to zero in binary16")
        #expect(try FittedTensor(.half, [0x1.8p-24, 0x1p-26]).values == [0x1p-23, 0])
    }
}
