import TamisBits

extension LayerStatistics {
    /// Second moments of each group, half of them measured and half synthetic, with their factors; nil if they are not positive definite.
    ///
    /// - Parameter synthetic: of as many weights.
    func factors(with synthetic: SyntheticMoments) -> [TriangularFactor]? {
        let measured = moments
        // One scale for all groups: that one has weaker inputs than another is worth knowing.
        var trace = 0.0
        for group in measured { for i in 0..<inputs { trace += Double(group[i * inputs + i]) } }
        guard trace > 0 else { return nil }
        let scale = Float(0.5 * Double(groups * inputs) / trace)
        let taps = synthetic.tapMoments.map { Float($0) * 0.5 }
        let count = synthetic.taps
        let correlation = Float(synthetic.channelCorrelation)
        var factors: [TriangularFactor] = []
        for group in measured {
            var mixed = group
            for i in 0..<inputs {
                let (channel, tap) = i.quotientAndRemainder(dividingBy: count)
                for j in i..<inputs {
                    let (otherChannel, otherTap) = j.quotientAndRemainder(dividingBy: count)
                    mixed[i * inputs + j] = mixed[i * inputs + j] * scale + taps[tap * count + otherTap] * (channel == otherChannel ? 1 : correlation)
                }
            }
            guard let factor = TriangularFactor(mixed, size: inputs) else { return nil }
            factors.append(factor)
        }
        return factors
    }

    /// H = U · Uᵀ of each group, row by row, in the order of the weights; what is on and above the diagonal.
    private var moments: [[Float]] {
        let n = inputs
        return (0..<groups).map { group in
            let u = (0..<(n * n)).map { Float(bitPattern: factor.load((group * n * n + $0) * 4, as: UInt32.self)) }
            var h = [Float](repeating: 0, count: n * n)
            for i in 0..<n {
                for j in i..<n {
                    // Both rows of U begin at their diagonals.
                    let value = unsafe u.withUnsafeBufferPointer { u in
                        unsafe Self.product(u.baseAddress.unsafelyUnwrapped + (i * n + j), u.baseAddress.unsafelyUnwrapped + (j * n + j), count: n - j)
                    }
                    let (first, second) = order.isEmpty ? (i, j) : (min(order[i], order[j]), max(order[i], order[j]))
                    h[first * n + second] = value
                }
            }
            return h
        }
    }

    @inline(__always)
    private static func product(_ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, count: Int) -> Float {
        var sums = SIMD8<Float>()
        let whole = count & ~7
        for i in stride(from: 0, to: whole, by: 8) {
            unsafe sums += UnsafeRawPointer(first + i).loadUnaligned(as: SIMD8<Float>.self) * UnsafeRawPointer(second + i).loadUnaligned(as: SIMD8<Float>.self)
        }
        var sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
        for i in whole..<count { unsafe sum += first[i] * second[i] }
        return sum
    }
}
