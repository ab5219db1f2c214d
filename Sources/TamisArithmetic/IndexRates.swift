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
            let own = scaleClass * IndexContextCounts.placesPerClass
            func bits(_ place: Int) -> (zero: Double, one: Double) { counts.bits(own + place, log2: log2) }
            let hasLow = parameters.shift > 0
            let rawBits = Double(stepShifts[scaleClass])
            let low = (0..<3).map { bits(IndexContextCounts.lowBit + $0) }
            let escape = (0..<5).map { bits(IndexContextCounts.escapePrefix + $0) }
            for near in 0..<IndexBinarization.neighbourClasses {
                for parity in 0..<2 {
                    let decisions = (0..<IndexBinarization.cellCap).map {
                        bits(IndexContextCounts.decision($0, neighbour: near + IndexBinarization.neighbourClasses * parity))
                    }
                    let row = Self.padding + scaleClass * Self.classStride + parity * Self.parityStride + near * Self.rowLength
                    table[row] = Float(lambda * decisions[0].zero)
                    for entry in 1..<Self.rowLength {
                        let cell = 1 + (hasLow ? (entry - 1) / 2 : entry - 1)
                        var bits = signBits + rawBits
                        for j in 0...min(cell, IndexBinarization.cellCap - 1) { bits += cell > j ? decisions[j].one : decisions[j].zero }
                        if cell >= IndexBinarization.cellCap {
                            let length = 63 - UInt64(cell - IndexBinarization.cellCap + 1).leadingZeroBitCount
                            for k in 0...length { bits += k < length ? escape[k].one : escape[k].zero }
                            bits += Double(length)
                        }
                        if hasLow { bits += (entry - 1) % 2 == 1 ? low[min(cell - 1, 2)].one : low[min(cell - 1, 2)].zero }
                        table[row + entry] = Float(lambda * bits)
                    }
                }
            }
        }
    }
}
