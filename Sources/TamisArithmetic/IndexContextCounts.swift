/// How often each context of a slice coder sees a 0 and a 1: what the rates of indices are estimated from.
package struct IndexContextCounts: Sendable {
    /// Per context: zeros, ones.
    private(set) var bins = [UInt32](repeating: 0, count: 2 * IndexBinarization.signContexts)

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
            func note(_ context: Int, _ bin: Bool) { unsafe bins[2 &* context &+ (bin ? 1 : 0)] &+= 1 }
            for i in 0..<indices.count {
                let scaleClass = unsafe Int(classes[i])
                let own = scaleClass &* IndexBinarization.contextsPerClass
                let near = usesNeighbours ? table[scaleClass].neighbourClass(of: before1 &+ before2) : 0
                let neighbour = near &+ Int(state & 1) &* 4
                let magnitude = unsafe indices[i].magnitude
                state = states.next(state, magnitude: magnitude)
                before2 = before1
                before1 = magnitude
                note(own &+ IndexBinarization.zeroFlag &+ neighbour, magnitude != 0)
                if magnitude == 0 { continue }
                let shift = table[scaleClass].shift
                let unary = Int((magnitude &- 1) &>> shift)
                note(own &+ IndexBinarization.firstUnary &+ neighbour, unary > 0)
                if unary > 0 { note(own &+ IndexBinarization.secondUnary &+ near, unary > 1) }
                if unary > 1 {
                    for j in 2...min(unary, IndexBinarization.unaryCap - 1) { note(own &+ IndexBinarization.laterUnary &+ j, unary > j) }
                }
                if unary >= IndexBinarization.unaryCap {
                    let bits = 63 - UInt64(unary - IndexBinarization.unaryCap + 1).leadingZeroBitCount
                    for k in 0...bits { note(own &+ IndexBinarization.escapePrefix &+ min(k, IndexBinarization.escapePrefixLast), k < bits) }
                    raw &+= bits
                }
                if shift > 0 {
                    raw &+= Int(shift) &- 1
                    note(own &+ IndexBinarization.lowBit &+ min(unary, 2), ((magnitude &- 1) &>> (shift &- 1)) & 1 == 1)
                }
            }
        }
        rawBits += raw
    }

    /// Bits of a 0 and of a 1 under `context`, as frequent as counted.
    ///
    /// - Parameter log2: binary logarithm of a positive number.
    func bits(_ context: Int, log2: (Double) -> Double) -> (zero: Double, one: Double) {
        let zeros = Double(bins[2 * context]) + 0.4
        let ones = Double(bins[2 * context + 1]) + 0.4
        let total = log2(zeros + ones)
        return (total - log2(zeros), total - log2(ones))
    }

    /// Gives odd states what was counted without regard to states.
    package mutating func mirrorStates() {
        for scaleClass in 0..<IndexBinarization.classCount {
            for context in [IndexBinarization.zeroFlag, IndexBinarization.firstUnary] {
                let start = 2 * (scaleClass * IndexBinarization.contextsPerClass + context)
                for i in 0..<8 { bins[start + 8 + i] = bins[start + i] }
            }
        }
    }

    /// About the bits that what was counted takes: the conditional entropy of the bins, one bit for each sign, and the raw bits.
    ///
    /// - Parameter log2: binary logarithm of a positive number.
    package func bits(log2: (Double) -> Double) -> Double {
        var sum = Double(rawBits)
        for context in 0..<IndexBinarization.signContexts {
            let (zeros, ones) = (Double(bins[2 * context]), Double(bins[2 * context + 1]))
            if zeros + ones == 0 { continue }
            let cost = bits(context, log2: log2)
            sum += zeros * cost.zero + ones * cost.one
            // What learning the probability costs (Rissanen).
            sum += 0.5 * log2(zeros + ones + 1)
            // Every index but zero has a sign.
            if context % IndexBinarization.contextsPerClass < IndexBinarization.firstUnary { sum += ones }
        }
        return sum
    }
}
