/// How often each decision and each context of a slice coder sees a 0 and a 1: what the rates of indices are estimated from.
package struct IndexContextCounts: Sendable {
    /// Per place: zeros, ones.
    private(set) var bins = [UInt32](repeating: 0, count: 2 * IndexBinarization.classCount * placesPerClass)

    // Places of one class.
    /// Of the first four decisions each four neighbour classes in even states, then in odd ones.
    private static let neighbours = 2 * IndexBinarization.neighbourClasses
    private static let laterDecisions = DecisionGroup.decisions * neighbours
    static let escapePrefix = laterDecisions + IndexBinarization.cellCap - DecisionGroup.decisions
    static let lowBit = escapePrefix + IndexBinarization.escapePrefixLast + 1
    static let placesPerClass = lowBit + 3

    /// The place of decision j, whether the cell is beyond j.
    ///
    /// - Parameter neighbour: the neighbour class, and four more in odd states.
    @inline(__always)
    static func decision(_ j: Int, neighbour: Int) -> Int {
        j < DecisionGroup.decisions ? j &* neighbours &+ neighbour : laterDecisions &+ j &- DecisionGroup.decisions
    }

    /// Raw bits beside them, signs left out.
    private var rawBits = 0

    package init() {}

    /// Counts the bins of magnitudes under contexts; signs are not counted. Indices start as a slice does.
    ///
    /// - Parameters:
    ///   - classes: as many as indices; each 0 … 16.
    package mutating func count(
        _ indices: UnsafeBufferPointer<Int32>, classes: UnsafeBufferPointer<UInt8>, _ binarization: IndexBinarization, _ tools: IndexSliceTools
    ) {
        precondition(indices.count == classes.count)
        let (states, usesNeighbours) = (tools.states, tools.usesNeighbours)
        let table = binarization.classes.span
        var raw = 0
        unsafe bins.withUnsafeMutableBufferPointer { bins in
            var before1: UInt32 = 0
            var before2: UInt32 = 0
            var state: UInt32 = 0
            for i in 0..<indices.count {
                let scaleClass = unsafe Int(classes[i])
                let own = scaleClass &* Self.placesPerClass
                func note(_ place: Int, _ bin: Bool) { unsafe bins[2 &* (own &+ place) &+ (bin ? 1 : 0)] &+= 1 }
                let near = usesNeighbours ? table[scaleClass].neighbourClass(of: before1 &+ before2) : 0
                let neighbour = near &+ Int(state & 1) &* IndexBinarization.neighbourClasses
                let magnitude = unsafe indices[i].magnitude
                state = states.next(state, magnitude: magnitude)
                before2 = before1
                before1 = magnitude
                note(Self.decision(0, neighbour: neighbour), magnitude != 0)
                if magnitude == 0 { continue }
                let shift = table[scaleClass].shift
                let cell = Int((magnitude &- 1) &>> shift) &+ 1
                for j in 1...min(cell, IndexBinarization.cellCap - 1) { note(Self.decision(j, neighbour: neighbour), cell > j) }
                if cell >= IndexBinarization.cellCap {
                    let bits = 63 - UInt64(cell - IndexBinarization.cellCap + 1).leadingZeroBitCount
                    for k in 0...bits { note(Self.escapePrefix &+ min(k, IndexBinarization.escapePrefixLast), k < bits) }
                    raw &+= bits
                }
                if shift > 0 {
                    raw &+= Int(shift) &- 1
                    note(Self.lowBit &+ min(cell &- 1, 2), ((magnitude &- 1) &>> (shift &- 1)) & 1 == 1)
                }
            }
        }
        rawBits += raw
    }

    /// Bits of a 0 and of a 1 at a place, as frequent as counted.
    ///
    /// - Parameters:
    ///   - place: of all classes.
    ///   - log2: binary logarithm of a positive number.
    func bits(_ place: Int, log2: (Double) -> Double) -> (zero: Double, one: Double) {
        let zeros = Double(bins[2 * place]) + 0.4
        let ones = Double(bins[2 * place + 1]) + 0.4
        let total = log2(zeros + ones)
        return (total - log2(zeros), total - log2(ones))
    }

    /// Gives odd states what was counted without regard to states.
    package mutating func mirrorStates() {
        let neighbourClasses = IndexBinarization.neighbourClasses
        for scaleClass in 0..<IndexBinarization.classCount {
            for decision in 0..<DecisionGroup.decisions {
                let start = 2 * (scaleClass * Self.placesPerClass + Self.decision(decision, neighbour: 0))
                for i in 0..<(2 * neighbourClasses) { bins[start + 2 * neighbourClasses + i] = bins[start + i] }
            }
        }
    }

    /// About the bits that what was counted takes: the conditional entropy of the bins, one bit for each sign, and the raw bits.
    ///
    /// - Parameter log2: binary logarithm of a positive number.
    package func bits(log2: (Double) -> Double) -> Double {
        var sum = Double(rawBits)
        for place in 0..<(bins.count / 2) {
            let (zeros, ones) = (Double(bins[2 * place]), Double(bins[2 * place + 1]))
            if zeros + ones == 0 { continue }
            let cost = bits(place, log2: log2)
            sum += zeros * cost.zero + ones * cost.one
            // What learning the probability costs (Rissanen).
            sum += 0.5 * log2(zeros + ones + 1)
            // Every index but zero has a sign.
            if place % Self.placesPerClass < Self.neighbours { sum += ones }
        }
        return sum
    }
}
