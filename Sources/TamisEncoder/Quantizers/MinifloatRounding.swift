import TamisQuantization

/// From a magnitude to the nearest rank of a small floating-point format, ties to the even rank.
struct MinifloatRounding: Sendable, Equatable {
    let format: Minifloat
    /// Larger magnitudes get this rank.
    let highestRank: Int32
    private let shift: Int32
    /// The bits of the magnitude 2^(0 − bias), from which ranks would count without subnormals.
    private let origin: Int32
    /// The least magnitude that subnormals do not concern.
    private let leastNormal: Int32
    /// 2^23 times the distance of subnormals: adding it leaves their number in the lower bits, rounded to nearest even.
    private let magic: Float

    init(_ format: Minifloat, highestRank: Int) {
        self.format = format
        self.highestRank = Int32(highestRank)
        shift = Int32(23 - format.mantissaBits)
        origin = Int32(127 - format.bias) << 23
        leastNormal = format.hasSubnormals ? origin + (1 << 23) : 0
        magic = Float(sign: .plus, exponent: 24 - format.bias - format.mantissaBits, significand: 1)
    }

    /// - Parameter bits: of a finite magnitude: the sign bit is 0.
    @inline(__always)
    func rank(_ bits: Int32) -> Int32 {
        if bits < leastNormal {
            return Int32(bitPattern: (Float(bitPattern: UInt32(bitPattern: bits)) + magic).bitPattern &- magic.bitPattern)
        }
        let above = max(bits &- origin, 0)
        // Half a rank less one unit, plus one unit if the rank below is odd.
        let half: Int32 = (1 &<< (shift &- 1)) &- 1
        return min((above &+ half &+ ((above &>> shift) & 1)) &>> shift, highestRank)
    }

    /// The format of these bits whose highest exponent code is that of `largest` once rounded.
    ///
    /// - Parameter largest: positive, finite.
    /// - Returns: nil if that takes a bias outside `Minifloat.biasRange`.
    static func fitted(exponentBits: Int, mantissaBits: Int, largest: Float) -> Minifloat? {
        let m = Int32(mantissaBits)
        let bits = Int32(bitPattern: largest.bitPattern)
        if bits < 1 << 23 { return nil }
        let half: Int32 = (1 << (22 - m)) - 1
        // Without mantissa, of the ranks on either side of a tie the lower one takes no further exponent code.
        let odd = m == 0 ? 0 : (bits >> (23 - m)) & 1
        let exponent = Int((bits + half + odd) >> 23) - 127
        return Minifloat(exponentBits: exponentBits, mantissaBits: mantissaBits, bias: (1 << exponentBits) - 1 - exponent, hasSubnormals: false)
    }

    /// IEEE 754 binary16, of which the highest exponent code, that of infinities and NaNs, has no rank here.
    static let half: MinifloatRounding? = Minifloat(exponentBits: 5, mantissaBits: 10, bias: 15, hasSubnormals: true).map {
        MinifloatRounding($0, highestRank: 31 << 10 - 1)
    }
}
