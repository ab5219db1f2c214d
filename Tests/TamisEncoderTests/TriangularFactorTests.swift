import TamisTestSupport
import Testing

@testable import TamisEncoder

@Suite("Factors of second moments")
struct TriangularFactorTests {
    /// The largest difference of U · D · Uᵀ and H, over H's mean diagonal.
    private static func distance(_ factor: TriangularFactor, _ h: PlainMatrix) -> Double {
        func u(_ i: Int, _ j: Int) -> Double { i == j ? 1 : Double(factor.gains[i * h.size + j]) }
        var worst = 0.0
        for i in 0..<h.size {
            for j in i..<h.size {
                let product = (j..<h.size).reduce(0.0) { $0 + u(i, $1) * Double(factor.weights[$1]) * u(j, $1) }
                worst = max(worst, (product - h[i, j]).magnitude)
            }
        }
        return worst / h.meanDiagonal
    }

    @Test(arguments: [1, 2, 3, 7, 8, 9, 16, 17, 31, 33, 64, 70])
    func productsGiveBackTheMatrix(_ size: Int) throws {
        var random = SplitMix64(seed: UInt64(size))
        for _ in 0..<5 {
            let h = PlainMatrix.positiveDefinite(size, &random)
            let factor = try #require(TriangularFactor(h.floats, size: size))
            #expect(factor.size == size && factor.gains.count == size * size && factor.weights.count == size)
            #expect(factor.weights.allSatisfy { $0 > 0 })
            #expect((0..<(size * size)).allSatisfy { $0 % size > $0 / size || factor.gains[$0] == 0 })
            #expect(Self.distance(factor, h) < 1e-5)
        }
    }

    @Test func readsNothingBelowTheDiagonal() throws {
        var random = SplitMix64(seed: 3)
        let h = PlainMatrix.positiveDefinite(19, &random)
        let upper = PlainMatrix(size: 19) { $0 > $1 ? .nan : h[$0, $1] }
        let (factor, other) = (try #require(TriangularFactor(h.floats, size: 19)), try #require(TriangularFactor(upper.floats, size: 19)))
        #expect(factor.gains == other.gains && factor.weights == other.weights)
    }

    /// A negative, a zero and an infinite pivot, at the last column, at the first and between; and what is no number.
    @Test func refusesWhatIsNotPositiveDefinite() {
        var random = SplitMix64(seed: 4)
        for size in [1, 2, 12, 40] {
            for place in [0, size / 2, size - 1] {
                for value in [-1, 0, Double.infinity, .nan] {
                    var h = PlainMatrix.positiveDefinite(size, &random)
                    h[place, place] = value
                    #expect(TriangularFactor(h.floats, size: size) == nil, "\(value) at \(place) of \(size)")
                }
            }
        }
        // Indefinite with a positive diagonal.
        #expect(TriangularFactor([1, 2, 2, 1], size: 2) == nil)
        #expect(TriangularFactor([1, .nan, .nan, 1], size: 2) == nil)
        var h = PlainMatrix.positiveDefinite(30, &random)
        h[11, 25] = 3 * h.meanDiagonal
        #expect(TriangularFactor(h.floats, size: 30) == nil)
    }

    // MARK: Kronecker products

    private static let moments: [SyntheticMoments] = [
        SyntheticMoments(channels: 1, kernel: [3, 3], channelCorrelation: 0, tapCorrelation: 0.8),
        SyntheticMoments(channels: 17, kernel: [], channelCorrelation: 0.2, tapCorrelation: 0.8),
        SyntheticMoments(channels: 3, kernel: [5, 5], channelCorrelation: 0.7, tapCorrelation: 0.95),
        SyntheticMoments(channels: 8, kernel: [3, 3], channelCorrelation: 0.05, tapCorrelation: 0.8),
        SyntheticMoments(channels: 6, kernel: [7], channelCorrelation: 0.2, tapCorrelation: 0.7),
        SyntheticMoments(channels: 5, kernel: [2, 3, 2], channelCorrelation: 0, tapCorrelation: 0),
    ]

    @Test(arguments: moments.indices)
    func kroneckerFactorIsThatOfTheWholeMatrix(_ number: Int) throws {
        let moments = Self.moments[number]
        let h = PlainMatrix(moments)
        let (u, d) = h.factored
        let factor = try #require(ErrorCoupling.KroneckerFactor(moments))
        let whole = try #require(TriangularFactor(h.floats, size: h.size))
        let taps = moments.taps
        #expect(factor.channels == moments.channels && factor.taps == taps)
        var (gains, wholeGains) = (0.0, 0.0)
        for i in 0..<h.size {
            for j in (i + 1)..<max(h.size, i + 1) {
                let (from, to) = (i / taps, j / taps)
                let channelGain = from == to ? 1 : Double(factor.channelGains[factor.channels - 1 - to])
                let tapGain = i % taps == j % taps ? 1 : Double(factor.tapGains[i % taps * taps + j % taps])
                gains = max(gains, (channelGain * tapGain - u[i, j]).magnitude)
                wholeGains = max(wholeGains, (Double(whole.gains[i * h.size + j]) - u[i, j]).magnitude)
            }
        }
        #expect(gains < 1e-5 && wholeGains < 1e-4)
        let mean = d.reduce(0, +) / Double(h.size)
        #expect((factor.meanWeight / mean - 1).magnitude < 1e-5)
        for j in 0..<h.size {
            let weight = Double(factor.channelWeights[factor.channels - 1 - j / taps] * factor.tapWeights[j % taps])
            #expect((weight * mean / d[j] - 1).magnitude < 1e-4 && (Double(whole.weights[j]) / d[j] - 1).magnitude < 1e-4, "column \(j)")
        }
    }

    /// The mean of the weights that places get is 1, and they are those of whole rows.
    @Test func weightsOfPlaces() throws {
        for plain in [try PlainCoupling.synthetic(channels: 4, kernel: [3], rho: 0.3, outputs: 6), try .measured(14, groups: 3, outputs: 6, seed: 8)] {
            let all = plain.coupling.weights(of: 0..<(6 * plain.columns))
            let d = plain.rows(of: 0..<(6 * plain.columns)).flatMap { plain.factor($0).d }
            #expect(all.count == d.count && (all.reduce(0) { $0 + Double($1) } / Double(all.count) - 1).magnitude < 1e-5)
            for (weight, d) in zip(all, d) { #expect((Double(weight) * plain.coupling.meanWeight / d - 1).magnitude < 1e-4) }
            for range in [3..<4, 5..<29, 20..<20, 11..<(5 * plain.columns + 2)] {
                #expect(plain.coupling.weights(of: range) == Array(all[range]))
            }
        }
    }

    @Test func fragmentsAreThePartsOfRows() throws {
        let coupling = try PlainCoupling.measured(10, groups: 2, outputs: 4, seed: 8).coupling
        typealias Fragment = ErrorCoupling.Fragment
        #expect(coupling.fragments(of: 0..<40) == (0..<4).map { Fragment(start: 10 * $0, count: 10, column: 0, group: $0 / 2) })
        #expect(
            coupling.fragments(of: 7..<32) == [
                Fragment(start: 0, count: 3, column: 7, group: 0), Fragment(start: 3, count: 10, column: 0, group: 0),
                Fragment(start: 13, count: 10, column: 0, group: 1), Fragment(start: 23, count: 2, column: 0, group: 1),
            ])
        #expect(coupling.fragments(of: 23..<26) == [Fragment(start: 0, count: 3, column: 3, group: 1)])
        #expect(coupling.fragments(of: 5..<5) == [])
    }
}
