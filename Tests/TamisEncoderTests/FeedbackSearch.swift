import TamisArithmetic
import TamisBits
import TamisQuantization
import TamisTestSupport

@testable import TamisEncoder

/// A search of the trellis for values in steps, with or without feedback, and what its path costs.
struct FeedbackSearch {
    let values: [Float]
    let trellis: Trellis
    let range: Range<Int>
    let indices: [Int32]
    /// As returned; of a plain search, the values.
    let targets: [Float]
    /// In steps, moved by the offset.
    let levels: [Double]
    /// λ · bits of each index, in squared steps.
    private let rates: [Double]

    static let binarization = IndexBinarization(magnitudeCode: 18)

    /// Rates like those of Laplacian indices of a mean magnitude.
    static func rates(mean: Float, lambda: Double, _ trellis: Trellis) -> IndexRates {
        var random = SplitMix64(seed: 77)
        let indices = (0..<4000).map { _ in Int32(random.laplacian(scale: mean)) }
        var counts = IndexContextCounts()
        let states = StateTransition(oddStateMask: trellis.oddStateMask, oddIndexMask: trellis.oddIndexMask)
        indices.withUnsafeBufferPointer { indices in
            [UInt8](repeating: 8, count: indices.count).withUnsafeBufferPointer {
                counts.count(indices, classes: $0, binarization, IndexSliceTools(usesNeighbours: true, adaptationLimit: 8, states: states))
            }
        }
        return IndexRates(counts, binarization, lambda: lambda * Double(TrellisBranches.unitsPerSquaredStep), log2: PortableMath.log2)
    }

    /// - Parameters:
    ///   - range: places of the values in the coding order.
    ///   - coupling: nil for the plain search.
    init(_ values: [Float], _ trellis: Trellis, _ rates: IndexRates, _ coupling: ErrorCoupling?, _ range: Range<Int>, offset: Float = 0) {
        var window = SearchWindow(capacity: values.count)
        littleEndian(values.map(\.bitPattern)).withView { view in
            window.load(view, range: 0..<values.count, of: MatrixView(elementCount: values.count), ScaleClasses(), step: 1)
        }
        window.selectRows(Self.binarization, usesNeighbours: true, spacing: 2)
        var indices = [Int32](repeating: .min, count: values.count)
        var targets = values
        indices.withUnsafeMutableBufferPointer { indices in
            guard let coupling else { return TrellisSearch.search(window, rates, trellis, into: indices) }
            targets.withUnsafeMutableBufferPointer {
                TrellisFeedback.search(window, rates, trellis, coupling, range: range, offset: offset, targets: $0, into: indices)
            }
        }
        var state = 0
        var levels: [Double] = []
        var costs: [Double] = []
        for (i, index) in indices.enumerated() {
            levels.append(Double(Trellis.level(of: index, in: state)) + Double(index.signum()) * Double(offset))
            let entry = IndexRates.padding + Int(window.rows[i]) + (state & 1) * IndexRates.parityStride + min(Int(index.magnitude), IndexRates.rowLength - 1)
            costs.append(Double(rates.table[entry]) / Double(TrellisBranches.unitsPerSquaredStep))
            state = trellis.next(state, isOdd: index & 1 != 0)
        }
        self.values = values
        self.trellis = trellis
        self.range = range
        self.indices = indices
        self.targets = targets
        self.levels = levels
        self.rates = costs
    }

    /// Σ d · (target − level)² over the mean of d: the error at the outputs, as the search sees it.
    func distortion(_ coupling: ErrorCoupling) -> Double {
        var targets = values
        let floats = levels.map { Float($0) }
        targets.withUnsafeMutableBufferPointer { targets in
            floats.withUnsafeBufferPointer { ScalarFeedback.follow(targets, coupling, range: range, levels: $0.baseAddress) }
        }
        let weights = coupling.weights(of: range)
        return targets.indices.reduce(0) { $0 + Double(weights[$1]) * (Double(targets[$1]) - levels[$1]) * (Double(targets[$1]) - levels[$1]) }
    }

    /// What a search with feedback minimises.
    func cost(_ coupling: ErrorCoupling) -> Double { distortion(coupling) + rates.reduce(0, +) }

    /// Empirical entropy of the indices in bits, given the parity of the state.
    var bitsPerIndex: Double {
        var counts = [[Int32: Int]](repeating: [:], count: 2)
        var state = 0
        for index in indices {
            counts[state & 1][index, default: 0] += 1
            state = trellis.next(state, isOdd: index & 1 != 0)
        }
        return counts.reduce(0) { $0 + entropy($1) } / Double(indices.count)
    }
}

/// Bits of symbols that occur as often as told.
func entropy(_ counts: [Int32: Int]) -> Double {
    let total = Double(counts.values.reduce(0, +))
    // In one order, for one sum.
    return counts.sorted { $0.key < $1.key }.reduce(0) { $0 - Double($1.value) * PortableMath.log2(Double($1.value) / total) }
}
