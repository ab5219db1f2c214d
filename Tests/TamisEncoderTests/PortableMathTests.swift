import Foundation
import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Functions without a mathematics library agree with it")
struct PortableMathTests {
    @Test func expMinus1() {
        var random = SplitMix64(seed: 1)
        for exponent in -60...5 {
            for _ in 0..<20 {
                let x = Double(sign: Bool.random(using: &random) ? .plus : .minus, exponent: exponent, significand: Double.random(in: 1..<2, using: &random))
                #expect((PortableMath.expMinus1(x) / expm1(x) - 1).magnitude < 1e-12, "\(x)")
            }
        }
        #expect(PortableMath.expMinus1(0) == 0 && PortableMath.ln2 == M_LN2)
    }

    @Test func logarithmAndPower() {
        var random = SplitMix64(seed: 2)
        for exponent in -300...300 {
            let x = Double(sign: .plus, exponent: exponent, significand: Double.random(in: 1..<2, using: &random))
            #expect((PortableMath.log2(x) - log2(x)).magnitude < 1e-12 * max(1, log2(x).magnitude))
            let y = Double(exponent) + x.significand
            #expect((PortableMath.exp2(y) / exp2(y) - 1).magnitude < 1e-12)
        }
        // Near 1 the logarithm keeps its own precision.
        for exponent in -24 ... -2 {
            let rest = Double(sign: .plus, exponent: exponent, significand: 1)
            #expect((PortableMath.log2(1 + rest) / (log1p(rest) / M_LN2) - 1).magnitude < 1e-12)
        }
    }
}
