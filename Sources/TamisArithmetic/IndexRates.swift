/// What magnitudes cost, in bits times a weight λ: by class, state and neighbour class.
///
/// A row of the table serves a class, the parity of the state and a neighbour class; in it, entry 0 stands for the magnitude 0, and
/// entry 1 + ((m − 1) >> step shift) for magnitudes m > 0. Beyond the last entry all magnitudes count as the last.
package struct IndexRates: Sendable {
    package static let rowLength = 32
    /// Distance of the rows of even and odd states of a class.
    package static let parityStride = 4 * rowLength
    package static let classStride = 2 * parityStride

    /// Entries before the first row, so that a reader may begin one early.
    package static let padding = 8

    package private(set) var table: [Float]
    /// By class: how far magnitudes are shifted for the table.
    package private(set) var stepShifts: [UInt8]

    /// - Parameters:
    ///   - lambda: what a bit is worth.
    ///   - signBits: what a sign costs.
    ///   - log2: binary logarithm of a positive number.
    package init(_ counts: IndexContextCounts, _ binarization: IndexBinarization, lambda: Double, signBits: Double = 1, log2: (Double) -> Double) {
        table = [Float](repeating: 0, count: Self.padding + IndexBinarization.classCount * Self.classStride)
        stepShifts = binarization.classes.map { UInt8($0.shift > 0 ? $0.shift - 1 : 0) }
        for (scaleClass, parameters) in binarization.classes.enumerated() {
            let own = scaleClass * IndexBinarization.contextsPerClass
            let hasLow = parameters.shift > 0
            let rawBits = Double(stepShifts[scaleClass])
            let low = (0..<3).map { counts.bits(own + IndexBinarization.lowBit + $0, log2: log2) }
            let later = (2..<IndexBinarization.unaryCap).map { counts.bits(own + IndexBinarization.laterUnary + $0, log2: log2) }
            let escape = (0..<4).map { counts.bits(own + IndexBinarization.escapePrefix + $0, log2: log2) }
            for near in 0..<4 {
                let second = counts.bits(own + IndexBinarization.secondUnary + near, log2: log2)
                for parity in 0..<2 {
                    let zero = counts.bits(own + IndexBinarization.zeroFlag + near + 4 * parity, log2: log2)
                    let first = counts.bits(own + IndexBinarization.firstUnary + near + 4 * parity, log2: log2)
                    let row = Self.padding + scaleClass * Self.classStride + parity * Self.parityStride + near * Self.rowLength
                    table[row] = Float(lambda * zero.zero)
                    for entry in 1..<Self.rowLength {
                        let unary = hasLow ? (entry - 1) / 2 : entry - 1
                        var bits = zero.one + signBits
                        bits += unary > 0 ? first.one : first.zero
                        if unary > 0 { bits += unary > 1 ? second.one : second.zero }
                        if unary > 1 {
                            for j in 2...min(unary, IndexBinarization.unaryCap - 1) { bits += unary > j ? later[j - 2].one : later[j - 2].zero }
                        }
                        if unary >= IndexBinarization.unaryCap {
                            let length = 63 - UInt64(unary - IndexBinarization.unaryCap + 1).leadingZeroBitCount
                            for k in 0...length { bits += k < length ? escape[min(k, 3)].one : escape[min(k, 3)].zero }
                            bits += Double(length)
                        }
                        if hasLow { bits += (entry - 1) % 2 == 1 ? low[min(unary, 2)].one : low[min(unary, 2)].zero }
                        table[row + entry] = Float(lambda * (bits + rawBits))
                    }
                }
            }
        }
    }
}
