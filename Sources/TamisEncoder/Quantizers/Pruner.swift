import TamisBits
import TamisModel

/// Makes the weights zero that a `Pruning` picks.
struct Pruner: Sendable {
    private enum Rule: Sendable {
        case nothing
        case below(Double)
        case pattern(kept: Int, group: Int)
        /// Rows, first axis, that become zero.
        case rows([Bool])
    }

    private let rule: Rule

    /// - Parameters:
    ///   - pruning: without a `problem`.
    ///   - values: little-endian float32, finite, in C order.
    ///   - statistics: of `values`.
    init(_ pruning: Pruning, values: ByteView, shape: Shape, statistics: TensorStatistics) {
        switch pruning {
        case .deviations(let gamma): rule = .below(gamma * Self.sampleDeviation(statistics))
        case .magnitude(let bound): rule = .below(bound)
        case .pattern(let kept, let group): rule = .pattern(kept: kept, group: group)
        case .rows(let fraction):
            let rows = shape.rank < 2 ? 0 : Int(shape.dimensions[0])
            if rows == 0 || statistics.count == 0 {
                rule = .nothing
                return
            }
            let rowBytes = values.count / rows
            let bound = fraction * statistics.meanMagnitude
            rule = .rows((0..<rows).map { TensorStatistics(of: values[($0 * rowBytes)..<(($0 + 1) * rowBytes)]).meanMagnitude < bound })
        }
    }

    /// β: all magnitudes below it become zero, and no others; nil if the pruning is not by magnitude alone.
    var threshold: Double? { if case .below(let bound) = rule { bound } else { nil } }

    /// √(Σ (x − mean)² ⁄ (n − 1)); 0 for a single value.
    static func sampleDeviation(_ statistics: TensorStatistics) -> Double {
        if statistics.count < 2 { return 0 }
        let count = Double(statistics.count)
        let squares = statistics.sumOfSquares - statistics.sum * (statistics.sum / count)
        return (max(squares, 0) / (count - 1)).squareRoot()
    }

    /// Writes the pruned tensor.
    ///
    /// - Parameters:
    ///   - values: those of the initializer.
    ///   - output: as long as `values`.
    /// - Returns: how many weights became zero that were not before.
    func prune(_ values: ByteView, into output: ByteRegion) -> Int {
        precondition(values.count == output.count && values.count % 4 == 0)
        output.copy(from: values)
        let count = values.count / 4
        guard let target = unsafe output.buffer.baseAddress else { return 0 }
        var zeroed = 0
        func magnitude(_ place: Int) -> UInt32 { values.load(place * 4, as: UInt32.self) & 0x7FFF_FFFF }
        func clear(_ place: Int) {
            if magnitude(place) == 0 { return }
            unsafe target.storeBytes(of: 0, toByteOffset: place * 4, as: UInt32.self)
            zeroed += 1
        }
        switch rule {
        case .nothing: break
        case .below(let bound):
            for place in 0..<count where Double(Float(bitPattern: magnitude(place))) < bound { clear(place) }
        case .pattern(let kept, let group):
            var order: [UInt64] = []
            for start in stride(from: 0, to: count, by: group) {
                let size = min(group, count - start)
                let share = (size * kept + group - 1) / group
                if share >= size { continue }
                // Larger magnitudes first, of equal ones the earlier.
                order.removeAll(keepingCapacity: true)
                for place in 0..<size { order.append(UInt64(magnitude(start + place)) << 32 | UInt64(UInt32.max - UInt32(place))) }
                order.sort(by: >)
                for entry in order[share...] { clear(start + Int(UInt32.max - UInt32(truncatingIfNeeded: entry))) }
            }
        case .rows(let isPruned):
            let columns = count / isPruned.count
            for row in isPruned.indices where isPruned[row] {
                for place in (row * columns)..<((row + 1) * columns) { clear(place) }
            }
        }
        return zeroed
    }
}
