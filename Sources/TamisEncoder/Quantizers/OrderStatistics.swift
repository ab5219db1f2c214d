import TamisBits

/// Values by their rank, found by counting leading and then trailing bits: exact, in two or three passes.
enum OrderStatistics {
    /// The quantile at `fraction` (0 … 1) of the way from the least to the greatest value, linear between neighbouring ranks.
    ///
    /// - Parameter values: little-endian float32, finite, at least one.
    static func quantiles(_ values: ByteView, at fractions: [Double]) -> [Double] {
        let count = values.count / 4
        let places = fractions.map { Double(count - 1) * $0 }
        let ranks = places.flatMap { [Int($0.rounded(.down)), Int($0.rounded(.up))] }
        let found = select(values, ranks: ranks)
        return places.indices.map { number in
            let (low, high) = (Double(found[2 * number]), Double(found[2 * number + 1]))
            return low + (high - low) * (places[number] - places[number].rounded(.down))
        }
    }

    /// - Parameter ranks: 0 for the least value, and so on.
    static func select(_ values: ByteView, ranks: [Int]) -> [Float] {
        func forEachKey(_ body: (UInt32) -> Void) {
            for place in 0..<(values.count / 4) { body(UInt32(bitPattern: FloatOrder.key(values.load(place * 4, as: UInt32.self))) ^ 0x8000_0000) }
        }
        /// The bucket with the value of this rank, and the rank among those in it.
        func bucket(_ counts: [Int], _ rank: Int) -> (bucket: Int, rank: Int) {
            var rest = rank
            var bucket = 0
            while bucket < counts.count - 1 && rest >= counts[bucket] {
                rest -= counts[bucket]
                bucket += 1
            }
            return (bucket, rest)
        }
        var leading = [Int](repeating: 0, count: 1 << 16)
        forEachKey { leading[Int($0 >> 16)] += 1 }
        let heads = ranks.map { bucket(leading, $0) }
        var trailing: [Int: [Int]] = [:]
        for head in Set(heads.map(\.bucket)) {
            var counts = [Int](repeating: 0, count: 1 << 16)
            forEachKey { if Int($0 >> 16) == head { counts[Int($0 & 0xFFFF)] += 1 } }
            trailing[head] = counts
        }
        return heads.map { head in
            let tail = bucket(trailing[head.bucket] ?? [0], head.rank).bucket
            return FloatOrder.value(Int32(bitPattern: UInt32(head.bucket << 16 | tail) ^ 0x8000_0000))
        }
    }
}
