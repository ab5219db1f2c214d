import TamisTestSupport

@testable import TamisEncoder

/// A square matrix in binary64, with everything done by its definition.
struct PlainMatrix: Sendable {
    let size: Int
    /// Row by row.
    private var entries: [Double]

    init(size: Int, _ entry: (_ row: Int, _ column: Int) -> Double) {
        self.size = size
        entries = (0..<(size * size)).map { entry($0 / size, $0 % size) }
    }

    subscript(row: Int, column: Int) -> Double {
        get { entries[row * size + column] }
        set { entries[row * size + column] = newValue }
    }

    var floats: [Float] { entries.map { Float($0) } }
    var meanDiagonal: Double { (0..<size).reduce(0) { $0 + self[$1, $1] } / Double(size) }

    /// The part of `count` rows and columns that begins at `first`.
    func part(from first: Int, count: Int) -> PlainMatrix { PlainMatrix(size: count) { self[first + $0, first + $1] } }

    /// eᵀ · H · e.
    func energy(_ e: [Double]) -> Double {
        var sum = 0.0
        for i in 0..<size { for j in 0..<size { sum += e[i] * self[i, j] * e[j] } }
        return sum
    }

    /// U with ones on its diagonal and d, H = U · diag(d) · Uᵀ, of a positive definite matrix.
    var factored: (u: PlainMatrix, d: [Double]) {
        var u = PlainMatrix(size: size) { $0 == $1 ? 1 : 0 }
        var d = [Double](repeating: 0, count: size)
        for j in stride(from: size - 1, through: 0, by: -1) {
            // H_ij = Σ_k U_ik · d_k · U_jk over k ⩾ j.
            func rest(_ i: Int) -> Double { ((j + 1)..<size).reduce(self[i, j]) { $0 - u[i, $1] * d[$1] * u[j, $1] } }
            d[j] = rest(j)
            for i in 0..<j { u[i, j] = rest(i) / d[j] }
        }
        return (u, d)
    }

    /// A · Aᵀ of random A, with a little on the diagonal: inputs that hang together.
    static func positiveDefinite(_ size: Int, _ random: inout SplitMix64) -> PlainMatrix {
        let a = (0..<(size * size)).map { _ in Double.random(in: -0.6...1, using: &random) }
        return PlainMatrix(size: size) { i, j in
            (0..<size).reduce(i == j ? 0.05 * Double(size) : 0) { $0 + a[i * size + $1] * a[j * size + $1] }
        }
    }

    /// A ⊗ B entry by entry.
    init(_ moments: SyntheticMoments) {
        let taps = moments.taps
        let tapMoments = moments.tapMoments
        self.init(size: moments.channels * taps) { row, column in
            (row / taps == column / taps ? 1 : moments.channelCorrelation) * tapMoments[row % taps * taps + column % taps]
        }
    }
}
