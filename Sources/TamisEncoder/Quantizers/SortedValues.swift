/// Values in ascending order, with sums over runs of them.
///
/// Sums are kept of blocks, of blocks of blocks, and so on, not from the start on: the sum of a run of tiny values is not lost
/// beside huge ones elsewhere.
struct SortedValues: Sendable {
    let values: [Float]
    /// Sums over 64, 64², … values.
    private let blocks: [[Double]]

    private static let blockLog2 = 6

    init(sorting unsorted: [Float]) {
        values = Self.sorted(unsorted)
        var blocks: [[Double]] = []
        var below = values.count
        while below > 2 << Self.blockLog2 {
            let count = below >> Self.blockLog2
            let level = blocks.count
            var sums = [Double](repeating: 0, count: count)
            for block in 0..<count {
                var sum = 0.0
                for place in (block << Self.blockLog2)..<((block + 1) << Self.blockLog2) {
                    sum += level == 0 ? Double(values[place]) : blocks[level - 1][place]
                }
                sums[block] = sum
            }
            blocks.append(sums)
            below = count
        }
        self.blocks = blocks
    }

    /// Radix sort, by 11 bits at a time.
    private static func sorted(_ values: [Float]) -> [Float] {
        var keys = values.map { UInt32(bitPattern: FloatOrder.key($0)) ^ 0x8000_0000 }
        var other = keys
        for shift in [UInt32(0), 11, 22] {
            var places = [Int](repeating: 0, count: 1 << 11)
            for key in keys { places[Int((key >> shift) & 0x7FF)] += 1 }
            var sum = 0
            for digit in places.indices { (places[digit], sum) = (sum, sum + places[digit]) }
            for key in keys {
                let digit = Int((key >> shift) & 0x7FF)
                other[places[digit]] = key
                places[digit] += 1
            }
            swap(&keys, &other)
        }
        return keys.map { FloatOrder.value(Int32(bitPattern: $0 ^ 0x8000_0000)) }
    }

    func sum(_ range: Range<Int>) -> Double { sum(range, level: 0) }

    /// The sum of `range` of the entries of a level; level 0 are the values.
    private func sum(_ range: Range<Int>, level: Int) -> Double {
        let log2 = Self.blockLog2
        var sum = 0.0
        var place = range.lowerBound
        if level < blocks.count && range.count >= 2 << log2 {
            let first = (range.lowerBound + (1 << log2) - 1) >> log2
            let last = min(range.upperBound >> log2, blocks[level].count)
            add(place..<(first << log2), level: level, to: &sum)
            sum += self.sum(first..<last, level: level + 1)
            place = last << log2
        }
        add(place..<range.upperBound, level: level, to: &sum)
        return sum
    }

    private func add(_ range: Range<Int>, level: Int, to sum: inout Double) {
        if level == 0 {
            for place in range { sum += Double(values[place]) }
        } else {
            for place in range { sum += blocks[level - 1][place] }
        }
    }

    /// The number of values up to `bound`, which is not below the first `start` values. Takes time by the distance from `start`.
    func count(upTo bound: Double, from start: Int) -> Int {
        var low = start
        var step = 1
        while low + step <= values.count && Double(values[low + step - 1]) <= bound {
            low += step
            step *= 2
        }
        var high = min(low + step - 1, values.count)
        while low < high {
            let middle = (low + high) / 2
            if Double(values[middle]) <= bound { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
