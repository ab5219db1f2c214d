import TamisBits

/// Values of a tensor that stand for all, chosen by their place alone.
enum ValueSample {
    /// At most `most` of the values: all, or one of every so many neighbours, at a pseudorandom place among them so that no period
    /// of the tensor is met.
    ///
    /// - Parameters:
    ///   - values: little-endian float32.
    ///   - skipsZeros: take them as if they were not there.
    static func of(_ values: ByteView, most: Int, skipsZeros: Bool = false) -> [Float] {
        let count = values.count / 4
        var considered = count
        if skipsZeros {
            considered = 0
            for place in 0..<count where values.load(place * 4, as: UInt32.self) & 0x7FFF_FFFF != 0 { considered += 1 }
        }
        let stride = (considered + most - 1) / most
        var sample: [Float] = []
        sample.reserveCapacity(min(considered, most))
        var ordinal = 0
        var group = 0
        var next = chosen(group, stride)
        for place in 0..<count {
            let value = Float(bitPattern: values.load(place * 4, as: UInt32.self))
            if skipsZeros && value == 0 { continue }
            if ordinal == next {
                sample.append(value)
                group += 1
                next = group * stride + chosen(group, min(stride, considered - group * stride))
            }
            ordinal += 1
        }
        return sample
    }

    /// A number below `count`, by the number of the group.
    private static func chosen(_ group: Int, _ count: Int) -> Int {
        count <= 1 ? 0 : Int(((UInt64(group) &* 0x9E37_79B9_7F4A_7C15) >> 32) % UInt64(count))
    }
}
