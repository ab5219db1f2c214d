import TamisTestSupport
import Testing

@testable import TamisEncoder

/// Second moments as whole matrices, and what feeding back errors means by them, for weights of an output that lie next to each other.
struct PlainCoupling: Sendable, CustomTestStringConvertible {
    enum Moments: Sendable {
        case synthetic(SyntheticMoments)
        /// Of each group.
        case measured([PlainMatrix])
    }

    let testDescription: String
    let moments: Moments
    let outputs: Int
    let coupling: ErrorCoupling

    init(_ name: String, _ moments: Moments, outputs: Int) throws {
        testDescription = name
        self.moments = moments
        self.outputs = outputs
        switch moments {
        case .synthetic(let moments):
            let factor = try #require(ErrorCoupling.KroneckerFactor(moments))
            coupling = ErrorCoupling(.synthetic(factor), layout: .along, columns: moments.channels * moments.taps, outputs: outputs, meanWeight: factor.meanWeight)
        case .measured(let groups):
            let factors = try groups.map { try #require(TriangularFactor($0.floats, size: $0.size)) }
            let mean = factors.reduce(0) { $0 + $1.weights.reduce(0) { $0 + Double($1) } } / Double(groups.count * groups[0].size)
            let scaled = factors.map { TriangularFactor(size: $0.size, gains: $0.gains, weights: $0.weights.map { $0 / Float(mean) }) }
            coupling = ErrorCoupling(.measured(scaled), layout: .along, columns: groups[0].size, outputs: outputs, meanWeight: mean)
        }
    }

    static func synthetic(channels: Int, kernel: [Int] = [], rho: Double, r: Double = 0.8, outputs: Int) throws -> PlainCoupling {
        try PlainCoupling(
            "\(channels) channels, kernel \(kernel)",
            .synthetic(SyntheticMoments(channels: channels, kernel: kernel, channelCorrelation: rho, tapCorrelation: r)), outputs: outputs)
    }

    static func measured(_ size: Int, groups: Int = 1, outputs: Int, seed: UInt64) throws -> PlainCoupling {
        var random = SplitMix64(seed: seed)
        let matrices = (0..<groups).map { _ in PlainMatrix.positiveDefinite(size, &random) }
        return try PlainCoupling("\(size) measured inputs, \(groups) groups", .measured(matrices), outputs: outputs)
    }

    var columns: Int { coupling.columns }

    /// Weights of one output in a slice: their places, and the column of the first.
    struct Row {
        let places: Range<Int>
        let column: Int
        let group: Int
    }

    /// - Parameter range: of the coding order; places count from its beginning.
    func rows(of range: Range<Int>) -> [Row] {
        let rowsPerGroup: Int
        if case .measured(let groups) = moments { rowsPerGroup = outputs / groups.count } else { rowsPerGroup = outputs }
        return (0..<outputs).compactMap { row in
            let own = (row * columns..<(row + 1) * columns).clamped(to: range)
            if own.isEmpty { return nil }
            return Row(places: (own.lowerBound - range.lowerBound)..<(own.upperBound - range.lowerBound), column: own.lowerBound - row * columns, group: row / rowsPerGroup)
        }
    }

    /// The moments of a row's inputs: synthetic ones are of the channels that the row reaches.
    func matrix(_ row: Row) -> PlainMatrix {
        switch moments {
        case .synthetic: synthetic(row).part(from: row.column % taps, count: row.places.count)
        case .measured(let groups): groups[row.group].part(from: row.column, count: row.places.count)
        }
    }

    /// U and d of a row. A synthetic one is taken as if the channels that follow were not there.
    func factor(_ row: Row) -> (u: PlainMatrix, d: [Double]) {
        let whole: (u: PlainMatrix, d: [Double])
        let first: Int
        switch moments {
        case .synthetic:
            whole = synthetic(row).factored
            first = row.column % taps
        case .measured(let groups):
            whole = groups[row.group].factored
            first = row.column
        }
        return (whole.u.part(from: first, count: row.places.count), Array(whole.d[first..<(first + row.places.count)]))
    }

    private var taps: Int { if case .synthetic(let moments) = moments { moments.taps } else { 1 } }

    /// Of all channels of which a row has weights.
    private func synthetic(_ row: Row) -> PlainMatrix {
        guard case .synthetic(let moments) = moments else { return PlainMatrix(size: 0) { _, _ in 0 } }
        let channels = (row.column + row.places.count - 1) / taps - row.column / taps + 1
        return PlainMatrix(
            SyntheticMoments(channels: channels, kernel: moments.kernel, channelCorrelation: moments.channelCorrelation, tapCorrelation: moments.tapCorrelation))
    }

    /// Σ eᵀ · H · e over the rows.
    func outputError(_ values: [Float], _ levels: [Double], _ range: Range<Int>) -> Double {
        rows(of: range).reduce(0) { sum, row in sum + matrix(row).energy(row.places.map { Double(values[$0]) - levels[$0] }) }
    }

    /// Holds each target against w_j + Σ_{i<j} U_ij · e_i, and zero for weights that are zero.
    func expectRecursion(
        _ values: [Float], _ targets: [Float], _ levels: [Double], _ range: Range<Int>, tolerance: Double = 2e-4, _ place: SourceLocation = #_sourceLocation
    ) {
        #expect(targets.count == range.count, sourceLocation: place)
        var worst = 0.0
        var factors: [String: PlainMatrix] = [:]
        for row in rows(of: range) {
            let key = "\(row.column) \(row.places.count) \(row.group)"
            let u = factors[key] ?? factor(row).u
            factors[key] = u
            for j in 0..<row.places.count {
                let value = values[row.places.lowerBound + j]
                var expected = Double(value)
                for i in 0..<j where value != 0 {
                    expected += u[i, j] * (Double(values[row.places.lowerBound + i]) - levels[row.places.lowerBound + i])
                }
                worst = max(worst, (Double(targets[row.places.lowerBound + j]) - expected).magnitude)
            }
        }
        #expect(worst < tolerance, "a target is off by \(worst) steps", sourceLocation: place)
    }
}
