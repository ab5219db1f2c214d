import TamisArithmetic

/// What the four kinds of branches of a trellis cost for one weight: even and odd quantizer, even and odd index.
///
/// Each kind of branch leads to every other level of its quantizer, four steps apart. With the magnitude x = 4j + r steps, three of
/// these compete, those with an index of about 2j − ½, 2j + 1½ and 2j + 3½: the nearest one below and the one above are among them.
struct TrellisBranches {
    /// Units of cost in a squared step. With `mostCost` it keeps differences of path costs within 16 bits: a path from a state that
    /// is not the start costs 8 · `mostCost` more, and branches differ by at most `mostCost` over the 8 steps until paths meet.
    static let unitsPerSquaredStep: Float = 128
    static let mostCost: Float = 15 * unitsPerSquaredStep

    /// In the order of kinds: odd and even index in even states, then in odd states.
    let costs: SIMD4<Float>
    /// What the magnitude is above the level that a branch leads to, in steps.
    let distances: SIMD4<Float>
    /// Two bits for each kind, in this order: which of the three competing indices.
    let choices: UInt8

    /// - Parameters:
    ///   - magnitude: in steps.
    ///   - rates: the row of the weight, in even states; that in odd states follows `RateRow.parityStride` later. In units of cost.
    ///   - unitsPerSquaredStep: what a squared distance of one step costs.
    @inline(__always)
    init(_ magnitude: Float, _ rates: UnsafePointer<Float>, stepShift: Int32, unitsPerSquaredStep units: Float = Self.unitsPerSquaredStep) {
        let quarter = Int32(magnitude * 0.25)
        let rest = SIMD4<Float>(repeating: magnitude - Float(quarter &* 4))
        let base = quarter &* 2
        let oddRates = unsafe rates + RateRow.parityStride
        let first, second, third: SIMD4<Float>
        // Entries of neighbouring magnitudes lie next to each other; the one before the row's first is read, and not used.
        if stepShift == 0 && base <= RateRow.last &- 4 {
            let (even, odd) = unsafe (rates + Int(base &- 1), oddRates + Int(base &- 1))
            first = unsafe SIMD4(even[0], even[1], odd[0], odd[1])
            second = unsafe SIMD4(even[2], even[3], odd[2], odd[3])
            third = unsafe SIMD4(even[4], even[5], odd[4], odd[5])
        } else {
            @inline(__always) func pair(_ index: Int32) -> SIMD4<Float> {
                let (lower, upper) = (Self.entry(index, stepShift), Self.entry(index &+ 1, stepShift))
                return unsafe SIMD4(rates[lower], rates[upper], oddRates[lower], oddRates[upper])
            }
            first = pair(base &- 1)
            second = pair(base &+ 1)
            third = pair(base &+ 3)
        }
        // Levels less 4j. Below zero there is nothing, and the zero of the odd quantizer is where its level −1 would be.
        let isAboveZero = SIMD4<Int32>(repeating: (0 &- base) &>> 31)
        let lowest = SIMD4<Float>(-1000, 0, -1000, 0).replaced(with: SIMD4(-2, 0, -3, -1), where: isAboveZero)
        let (distance1, distance2, distance3) = (rest - lowest, rest - SIMD4(2, 4, 1, 3), rest - SIMD4(6, 8, 5, 7))
        let costs1 = distance1 * distance1 * units + first
        let costs2 = distance2 * distance2 * units + second
        let costs3 = distance3 * distance3 * units + third
        // Costs are not negative: the order of their bits is theirs.
        let (bits1, bits2, bits3) = unsafe (
            unsafeBitCast(costs1, to: SIMD4<Int32>.self), unsafeBitCast(costs2, to: SIMD4<Int32>.self), unsafeBitCast(costs3, to: SIMD4<Int32>.self)
        )
        let isSecond = (bits2 &- bits1) &>> 31
        let best2 = bits1 &+ ((bits2 &- bits1) & isSecond)
        let isThird = (bits3 &- best2) &>> 31
        let best3 = best2 &+ ((bits3 &- best2) & isThird)
        distances = distance1.replaced(with: distance2, where: isSecond).replaced(with: distance3, where: isThird)
        // A zero stays zero, as where weights were pruned: no other index is worth having for the state it leads to.
        let odd: Float = magnitude == 0 ? 1e6 : 0
        costs = unsafe unsafeBitCast(best3, to: SIMD4<Float>.self) + SIMD4(odd, 0, odd, 0)
        let numbers = (isSecond & ~isThird & SIMD4(1, 4, 16, 64)) | (isThird & SIMD4(2, 8, 32, 128))
        choices = UInt8(truncatingIfNeeded: numbers.wrappedSum())
    }

    /// Costs as whole numbers of at most `mostCost`.
    @inline(__always)
    var wholeCosts: SIMD4<Int16> {
        let limit = SIMD4<Float>(repeating: Self.mostCost)
        // Adding 1.5 · 2^23 leaves the nearest integer in the lower bits of the significand.
        let shifted = costs.replaced(with: limit, where: (costs .> limit).lanes) + 0x1.8p23
        return unsafe SIMD4<Int16>(truncatingIfNeeded: unsafeBitCast(shifted, to: SIMD4<UInt32>.self))
    }

    /// The place of a magnitude in a row of rates.
    @inline(__always)
    private static func entry(_ index: Int32, _ stepShift: Int32) -> Int {
        Int(max(min(((index &- 1) &>> stepShift) &+ 1, RateRow.last), 0))
    }

    /// The magnitude of the index that a branch leads to.
    ///
    /// - Parameter kind: 2 · (state odd) + (index even).
    @inline(__always)
    static func index(_ magnitude: Float, kind: Int, choices: UInt8) -> Int32 {
        let base = Int32(magnitude * 0.25) &* 2
        let number = Int32((choices &>> UInt8(2 &* kind)) & 3)
        return base &- 1 &+ Int32(kind & 1) &+ 2 &* number
    }
}

// Selections by integers: of those by comparisons the compiler makes branches, one for each lane, which no processor can foresee.

extension SIMDMask where Storage == SIMD4<Int32> {
    /// All ones where the mask is true, else 0.
    @inline(__always)
    var lanes: SIMD4<Int32> { unsafe unsafeBitCast(self, to: SIMD4<Int32>.self) }
}

extension SIMDMask where Storage == SIMD8<Int32> {
    /// All ones where the mask is true, else 0.
    @inline(__always)
    var lanes: SIMD8<Int32> { unsafe unsafeBitCast(self, to: SIMD8<Int32>.self) }
}

extension SIMD4<Float> {
    /// The lanes of `other` where those of `mask` are all ones; where they are 0, these.
    @inline(__always)
    func replaced(with other: SIMD4<Float>, where mask: SIMD4<Int32>) -> SIMD4<Float> {
        let (own, others) = unsafe (unsafeBitCast(self, to: SIMD4<Int32>.self), unsafeBitCast(other, to: SIMD4<Int32>.self))
        return unsafe unsafeBitCast((own & ~mask) | (others & mask), to: SIMD4<Float>.self)
    }
}

extension SIMD8<Float> {
    /// The lanes of `other` where those of `mask` are all ones; where they are 0, these.
    @inline(__always)
    func replaced(with other: SIMD8<Float>, where mask: SIMD8<Int32>) -> SIMD8<Float> {
        let (own, others) = unsafe (unsafeBitCast(self, to: SIMD8<Int32>.self), unsafeBitCast(other, to: SIMD8<Int32>.self))
        return unsafe unsafeBitCast((own & ~mask) | (others & mask), to: SIMD8<Float>.self)
    }
}
