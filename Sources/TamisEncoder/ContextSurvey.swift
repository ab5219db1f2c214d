import TamisArithmetic
import TamisQuantization

/// Counts what the contexts of each choice of coding tools would see, and turns the counts into an estimate of the rate.
///
/// Estimates are conditional entropies of the counts, plus what learning a probability costs, half the logarithm of the times it
/// is used (Rissanen). Counting is several times faster than coding, and picks the same tools.
struct ContextSurvey: Sendable {
    /// The scale classes that may be used: none, rows, columns, both.
    enum Lines: Int, CaseIterable, Sendable {
        case none, rows, columns, both

        var usesRows: Bool { self == .rows || self == .both }
        var usesColumns: Bool { self == .columns || self == .both }
    }

    static let bucketCount = 64
    static let classCount = IndexBinarization.classCount

    /// Per `Lines`, class and magnitude bucket.
    private var magnitudes: [UInt32]
    /// Per neighbour class, scale class and zero, one, more.
    private var neighbours: [UInt32]
    /// Per candidate of sign distances, context, and sign (negative, zero, positive).
    private var signs: [UInt32]
    let signDistances: [(first: Int, second: Int)]
    /// Indices there are, and those of them that were counted.
    private var total = 0
    private var counted = 0

    /// What one counted index stands for.
    private var scale: Double { counted == 0 ? 1 : Double(total) / Double(counted) }

    /// - Parameter signDistances: the candidates.
    init(signDistances: [(first: Int, second: Int)]) {
        magnitudes = [UInt32](repeating: 0, count: Lines.allCases.count * Self.classCount * Self.bucketCount)
        neighbours = [UInt32](repeating: 0, count: 4 * Self.classCount * 3)
        signs = [UInt32](repeating: 0, count: signDistances.count * 27 * 3)
        self.signDistances = signDistances
    }

    /// Magnitudes 0 … 15 one by one, then four buckets an octave.
    @inline(__always)
    private static func bucket(_ magnitude: UInt32) -> Int {
        if magnitude < 16 { return Int(magnitude) }
        let exponent = 31 - magnitude.leadingZeroBitCount
        return min(16 + (exponent - 4) * 4 + Int((magnitude >> UInt32(exponent - 2)) & 3), bucketCount - 1)
    }

    /// Says how many indices there are, of which those counted are a part.
    mutating func standsFor(_ count: Int) { total = count }

    /// Counts a run of indices.
    ///
    /// - Parameters:
    ///   - rowClasses, columnClasses: the classes (0 … 16) of each place by rows alone and by columns alone.
    mutating func count(
        _ indices: UnsafeBufferPointer<Int32>, rowClasses: UnsafeBufferPointer<UInt8>, columnClasses: UnsafeBufferPointer<UInt8>,
        binarization: IndexBinarization
    ) {
        let table = binarization.classes.span
        let run = 0..<indices.count
        unsafe countMagnitudes(indices, rowClasses, columnClasses, table, run)
        unsafe countSigns(indices, run)
        counted += indices.count
    }

    private mutating func countMagnitudes(
        _ indices: UnsafeBufferPointer<Int32>, _ rowClasses: UnsafeBufferPointer<UInt8>, _ columnClasses: UnsafeBufferPointer<UInt8>,
        _ table: Span<IndexBinarization.Class>, _ run: Range<Int>
    ) {
        let perLines = Self.classCount * Self.bucketCount
        unsafe magnitudes.withUnsafeMutableBufferPointer { magnitudes in
            unsafe neighbours.withUnsafeMutableBufferPointer { neighbours in
                var before1: UInt32 = 0
                var before2: UInt32 = 0
                for i in run {
                    let magnitude = unsafe indices[i].magnitude
                    let bucket = Self.bucket(magnitude)
                    let row = unsafe Int(rowClasses[i])
                    let column = unsafe Int(columnClasses[i])
                    let both = min(max(row + column - 8, 0), 16)
                    unsafe magnitudes[8 &* Self.bucketCount &+ bucket] &+= 1
                    unsafe magnitudes[perLines &+ row &* Self.bucketCount &+ bucket] &+= 1
                    unsafe magnitudes[2 &* perLines &+ column &* Self.bucketCount &+ bucket] &+= 1
                    unsafe magnitudes[3 &* perLines &+ both &* Self.bucketCount &+ bucket] &+= 1
                    let near = table[both].near(before1 &+ before2)
                    unsafe neighbours[(near &* Self.classCount &+ both) &* 3 &+ Int(min(magnitude, 2))] &+= 1
                    before2 = before1
                    before1 = magnitude
                }
            }
        }
    }

    private mutating func countSigns(_ indices: UnsafeBufferPointer<Int32>, _ run: Range<Int>) {
        let base = unsafe indices.baseAddress.unsafelyUnwrapped
        unsafe signs.withUnsafeMutableBufferPointer { signs in
            for (number, candidate) in signDistances.enumerated() {
                let own = number &* 81
                // Zeros are counted too, and ignored later: a branch on them would cost more than the count.
                for i in run {
                    let context = unsafe IndexSliceCoder.signContext(base, i, candidate.first, candidate.second)
                    unsafe signs[own &+ context &* 3 &+ Int(base[i].signum()) &+ 1] &+= 1
                }
            }
        }
    }

    /// Bits that the magnitudes of all indices take under `lines`, without the lines' own cost.
    func magnitudeBits(_ lines: Lines) -> Double {
        let start = lines.rawValue * Self.classCount * Self.bucketCount
        var bits = 0.0
        for scaleClass in 0..<Self.classCount {
            let from = start + scaleClass * Self.bucketCount
            bits += self.bits(magnitudes[from..<(from + Self.bucketCount)])
        }
        return bits
    }

    /// Bits saved by neighbour contexts: negative if they cost more than they give. Counted under both lines.
    func neighbourGain() -> Double {
        var gain = 0.0
        for scaleClass in 0..<Self.classCount {
            var together: [UInt32] = [0, 0, 0]
            for near in 0..<4 {
                let from = (near * Self.classCount + scaleClass) * 3
                let part = neighbours[from..<(from + 3)]
                gain -= bits(part)
                for (i, count) in part.enumerated() { together[i] &+= count }
            }
            gain += bits(together[...])
        }
        return gain
    }

    /// The best candidate of sign distances; nil if none saves a thousandth of the signs' bits and `leastBits`.
    func bestSigns(saving leastBits: Double = 0) -> (first: Int, second: Int)? {
        var best: (gain: Double, candidate: Int)?
        for candidate in signDistances.indices {
            var bits = 0.0
            var count = 0.0
            for context in 0..<27 {
                let from = candidate * 81 + context * 3
                bits += self.bits([signs[from], signs[from + 2]])
                count += Double(signs[from]) + Double(signs[from + 2])
            }
            let gain = count * scale - bits
            if gain > max(best?.gain ?? leastBits, 0.001 * count * scale) { best = (gain, candidate) }
        }
        return best.map { signDistances[$0.candidate] }
    }

    /// The bits that all indices take, going by the counts of some, and the cost of learning the probabilities.
    private func bits(_ counts: ArraySlice<UInt32>) -> Double {
        var total = 0.0
        var sum = 0.0
        var used = 0.0
        for count in counts where count > 0 {
            let n = Double(count)
            total += n
            sum -= n * PortableMath.log2(n)
            used += 1
        }
        if total == 0 { return 0 }
        return scale * (sum + total * PortableMath.log2(total)) + 0.5 * (used - 1) * PortableMath.log2(total * scale)
    }
}
