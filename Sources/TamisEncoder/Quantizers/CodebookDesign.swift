import TamisBits
import TamisSyntax

/// The values of a codebook: k-means in one dimension (Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory 28, 1982;
/// for weights Han, Mao and Dally, "Deep compression", 2016).
enum CodebookDesign {
    /// Values that k-means is run on; of larger tensors a sample.
    static let mostFitted = 1 << 22
    static let mostIterations = 100
    /// Up to this iteration cells without values are given up for a second centroid where the error is greatest.
    static let lastRefill = 50
    /// A tensor with at least this share of zeros has zero in its codebook.
    static let zeroShare = 0.01

    /// - Parameters:
    ///   - values: little-endian float32, finite.
    ///   - levels: 2 … 65536.
    ///   - keepsZero: zero is a value of the codebook even if the tensor has few of them.
    /// - Returns: at most `levels` values, ascending, all different; if the tensor has no more different values, exactly these.
    static func values(of values: ByteView, levels: Int, keepsZero: Bool) -> [Float] {
        if let few = distinct(values, most: levels) { return few }
        let count = values.count / 4
        var zeros = 0
        for place in 0..<count where values.load(place * 4, as: UInt32.self) & 0x7FFF_FFFF == 0 { zeros += 1 }
        let hasZero = zeros > 0 && (keepsZero || Double(zeros) >= zeroShare * Double(count))
        let sample = SortedValues(sorting: ValueSample.of(values, most: mostFitted, skipsZeros: hasZero))
        return lloyd(sample, levels: levels, hasZero: hasZero)
    }

    /// The values in ascending order; nil if there are more than `most` different ones. −0 counts as 0.
    private static func distinct(_ values: ByteView, most: Int) -> [Float]? {
        // Open addressing at a load of at most a half; an entry is the key plus one, 0 is free.
        var sizeLog2 = 4
        while 1 << sizeLog2 < 2 * (most + 1) { sizeLog2 += 1 }
        var table = [UInt64](repeating: 0, count: 1 << sizeLog2)
        var found: [Float] = []
        for place in 0..<(values.count / 4) {
            var bits = values.load(place * 4, as: UInt32.self)
            if bits == 0x8000_0000 { bits = 0 }
            let entry = UInt64(bits) + 1
            var slot = Int((entry &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - sizeLog2))
            while table[slot] != 0 && table[slot] != entry { slot = (slot + 1) & (table.count - 1) }
            if table[slot] == entry { continue }
            if found.count == most { return nil }
            table[slot] = entry
            found.append(Float(bitPattern: bits))
        }
        return found.sorted()
    }

    /// - Parameter hasZero: one centroid stays at 0 whatever lies in its cell.
    private static func lloyd(_ sample: SortedValues, levels: Int, hasZero: Bool) -> [Float] {
        var centroids = start(sample, levels: levels)
        var zero: Int?
        if hasZero {
            let nearest = place(nearestToZero: centroids)
            centroids[nearest] = 0
            zero = nearest
        }
        var ends: [Int] = []
        for iteration in 0..<mostIterations {
            var moved: [Double] = []
            var newEnds: [Int] = []
            var newZero: Int?
            var begin = 0
            for (cell, centroid) in centroids.enumerated() {
                let isLast = cell == centroids.count - 1
                let end = isLast ? sample.values.count : sample.count(upTo: (centroid + centroids[cell + 1]) / 2, from: begin)
                defer { begin = end }
                if cell == zero {
                    newZero = moved.count
                    moved.append(0)
                } else if end > begin {
                    let mean = sample.sum(begin..<end) / Double(end - begin)
                    // Rounding must not carry it out of its cell.
                    moved.append(min(max(mean, Double(sample.values[begin])), Double(sample.values[end - 1])))
                } else {
                    continue
                }
                newEnds.append(end)
            }
            let isSettled = newEnds == ends
            centroids = moved
            zero = newZero
            ends = newEnds
            if centroids.count < levels && iteration < lastRefill {
                if refill(&centroids, zero: &zero, ends: ends, sample, levels: levels) { ends = [] }
            }
            if isSettled && !ends.isEmpty { break }
        }
        var result: [Float] = []
        for centroid in centroids {
            // Adding +0 leaves no −0.
            let value = Float(centroid) + 0
            if value != result.last { result.append(value) }
        }
        return result
    }

    /// Puts two centroids in place of one in the cells with the greatest squared errors, up to `levels` centroids.
    ///
    /// - Returns: false if no cell has two different values.
    private static func refill(_ centroids: inout [Double], zero: inout Int?, ends: [Int], _ sample: SortedValues, levels: Int) -> Bool {
        var errors: [(error: Double, cell: Int)] = []
        var begin = 0
        for (cell, end) in ends.enumerated() {
            defer { begin = end }
            if cell == zero || end == begin || sample.values[begin] == sample.values[end - 1] { continue }
            var error = 0.0
            for place in begin..<end {
                let distance = Double(sample.values[place]) - centroids[cell]
                error += distance * distance
            }
            errors.append((error, cell))
        }
        errors.sort { ($1.error, $0.cell) < ($0.error, $1.cell) }
        let split = Set(errors.prefix(levels - centroids.count).map(\.cell))
        if split.isEmpty { return false }
        var result: [Double] = []
        var newZero: Int?
        for (cell, centroid) in centroids.enumerated() {
            if cell == zero { newZero = result.count }
            if split.contains(cell) {
                let first = Double(sample.values[cell == 0 ? 0 : ends[cell - 1]])
                result += [(first + centroid) / 2, (centroid + Double(sample.values[ends[cell] - 1])) / 2]
            } else {
                result.append(centroid)
            }
        }
        centroids = result
        zero = newZero
        return true
    }

    /// Centroids whose density is as the cube root of that of the values: optimal for many levels (Panter and Dite 1951).
    ///
    /// Between quantiles a distance w apart the density is as 1 ⁄ w, so that w^(2 ⁄ 3) centroids fall between them.
    private static func start(_ sample: SortedValues, levels: Int) -> [Double] {
        let values = sample.values
        let gaps = min(values.count - 1, max(4 * levels, 4096))
        if gaps < 1 { return values.map(Double.init) }
        let knots = (0...gaps).map { Double(values[$0 * (values.count - 1) / gaps]) }
        let shares = (0..<gaps).map { gap in
            let width = knots[gap + 1] - knots[gap]
            return width > 0 ? PortableMath.exp2(PortableMath.log2(width) * 2 / 3) : 0
        }
        let total = shares.reduce(0, +)
        var gap = 0
        var before = 0.0
        return (0..<levels).map { level in
            let target = total * (Double(level) + 0.5) / Double(levels)
            while gap < gaps - 1 && before + shares[gap] < target {
                before += shares[gap]
                gap += 1
            }
            let part = shares[gap] > 0 ? min(max((target - before) / shares[gap], 0), 1) : 0
            return knots[gap] + (knots[gap + 1] - knots[gap]) * part
        }
    }

    /// The first of those nearest to zero.
    private static func place(nearestToZero values: [Double]) -> Int {
        var nearest = 0
        for place in values.indices where values[place].magnitude < values[nearest].magnitude { nearest = place }
        return nearest
    }

    /// - Parameter values: ascending, all different.
    static func codebook(_ values: [Float]) -> Codebook {
        var codebook = Codebook()
        codebook.first = Int64(-place(nearestToZero: values.map(Double.init)))
        codebook.entries = values.map(CodebookEntry.init)
        return codebook
    }

    /// For each entry but the last, the key of the largest number nearest to it; a tie goes to the entry whose index is nearer to 0.
    static func borders(_ codebook: Codebook) -> [Int32] {
        let zero = Int(-codebook.first)
        return (0..<max(codebook.entries.count - 1, 0)).map { place in
            let (lower, upper) = (Double(codebook.entries[place].value), Double(codebook.entries[place + 1].value))
            // The sum and what its rounding lost (Knuth): numbers are held against the exact middle.
            let sum = lower + upper
            let part = sum - lower
            let lost = (lower - (sum - part)) + (upper - part)
            let middle = sum / 2
            var last = Float(middle)
            if Double(last) > middle { last = last.nextDown }
            let isTie = Double(last) == middle && lost == 0
            let isAbove = Double(last) == middle && lost < 0
            if isAbove || (isTie && place + 1 <= zero) { last = last.nextDown }
            // −0 is as large as +0, and comes just before it.
            return last == 0 ? 0 : FloatOrder.key(last)
        }
    }
}
