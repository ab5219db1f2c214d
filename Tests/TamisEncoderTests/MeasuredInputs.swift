import TamisBits
import TamisTestSupport
import Testing

@testable import TamisEncoder

/// Statistics of made-up inputs, with what they say as whole matrices.
struct MeasuredInputs: Sendable {
    /// A view of memory that is never given back.
    let statistics: LayerStatistics
    /// H of each group, in the order of the weights.
    let moments: [PlainMatrix]
    /// E[x] of each group, in the order of the weights.
    let means: [[Float]]

    /// - Parameters:
    ///   - meanScale: 0 for statistics without means.
    ///   - biasCorrection: as told, for each output.
    init(groups: Int = 1, inputs: Int, isOrdered: Bool = false, meanScale: Float = 0, biasCorrection: [Float] = [], seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let order = isOrdered ? (0..<inputs).shuffled(using: &random) : []
        var factor: [Float] = []
        var lineMeans: [Float] = []
        var moments: [PlainMatrix] = []
        var means: [[Float]] = []
        for group in 0..<groups {
            // Groups differ in how strong their inputs are.
            let size = Float(1 + group)
            let u = (0..<(inputs * inputs)).map { place -> Float in
                let (row, column) = (place / inputs, place % inputs)
                if row > column { return 0 }
                return size * (row == column ? Float.random(in: 0.5..<1.5, using: &random) : Float.random(in: -0.2..<0.4, using: &random))
            }
            let mean = (0..<inputs).map { _ in meanScale * Float.random(in: 0.5..<1.5, using: &random) }
            var h = PlainMatrix(size: inputs) { _, _ in 0 }
            var own = [Float](repeating: 0, count: inputs)
            for i in 0..<inputs {
                own[order.isEmpty ? i : order[i]] = mean[i]
                for k in 0..<inputs {
                    let product = (0..<inputs).reduce(0.0) { $0 + Double(u[i * inputs + $1]) * Double(u[k * inputs + $1]) }
                    h[order.isEmpty ? i : order[i], order.isEmpty ? k : order[k]] = product
                }
            }
            factor += u
            lineMeans += mean
            moments.append(h)
            means.append(own)
        }
        let bytes = littleEndian(factor.map(\.bitPattern))
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        memory.copyBytes(from: bytes)
        statistics = LayerStatistics(
            groups: groups, inputs: inputs, factor: ByteView(unsafe: UnsafeRawBufferPointer(memory)), order: order, mean: meanScale == 0 ? [] : lineMeans,
            biasCorrection: biasCorrection)
        self.moments = moments
        self.means = means
    }

    /// Half measured and half synthetic, each with a mean diagonal of 1 over all groups.
    func mixed(with synthetic: SyntheticMoments) -> [PlainMatrix] {
        let other = PlainMatrix(synthetic)
        let diagonal = moments.reduce(0) { $0 + $1.meanDiagonal } / Double(moments.count)
        return moments.map { own in PlainMatrix(size: own.size) { 0.5 * own[$0, $1] / diagonal + 0.5 * other[$0, $1] } }
    }
}
