import TamisArithmetic

/// What the four kinds of branches of a trellis cost for one weight: even and odd quantizer, even and odd index.
///
/// Each kind of branch leads to every other level of its quantizer; the nearest one below and the nearest one above compete.
struct TrellisBranches {
    /// Units of cost in a squared step. With `mostCost` it keeps differences of path costs within 16 bits: a path from a state that
    /// is not the start costs 8 · `mostCost` more, and branches differ by at most `mostCost` over the 8 steps until paths meet.
    static let unitsPerSquaredStep: Float = 128
    static let mostCost: Float = 15 * unitsPerSquaredStep

    /// Costs of an even and an odd index in even states, and in odd states.
    let evenEven, evenOdd, oddEven, oddOdd: Int16
    /// Bit 2 · (state odd) + (index odd): the upper level is the better one.
    let choices: UInt8

    /// - Parameters:
    ///   - magnitude: in steps.
    ///   - rates: the row of the weight, in even states; that in odd states follows `IndexRates.parityStride` later. In units of cost.
    @inline(__always)
    init(_ magnitude: Float, _ rates: UnsafePointer<Float>, stepShift: Int32) {
        let unit = Self.unitsPerSquaredStep
        let quarter = Int32(magnitude * 0.25)
        let rest = magnitude - Float(quarter &* 4)
        let base = quarter &* 2
        @inline(__always) func rate(_ table: UnsafePointer<Float>, _ index: Int32) -> Float {
            unsafe table[Int(min(((index &- 1) &>> stepShift) &+ 1, Int32(IndexRates.rowLength - 1)))]
        }
        @inline(__always) func cost(_ distance: Float, _ rate: Float) -> Float { distance * distance * unit + rate }
        @inline(__always) func units(_ cost: Float) -> Int16 { Int16(truncatingIfNeeded: Int32(min(cost, Self.mostCost))) }
        let odd = unsafe rates + IndexRates.parityStride

        let lower00 = unsafe cost(rest, rate(rates, base))
        let upper00 = unsafe cost(rest - 4, rate(rates, base &+ 2))

        let below01: Int32 = rest >= 2 ? 0 : -1
        let distance01 = rest - 2 - 4 * Float(below01)
        let index01 = base &+ 1 &+ 2 &* below01
        let lower01 = index01 < 0 ? Float.infinity : unsafe cost(distance01, rate(rates, index01))
        let upper01 = unsafe cost(distance01 - 4, rate(rates, index01 &+ 2))

        let below10: Int32 = rest >= 3 ? 0 : -1
        let distance10 = rest - 3 - 4 * Float(below10)
        let index10 = base &+ 2 &+ 2 &* below10
        let lower10 = unsafe cost(index10 == 0 ? rest : distance10, rate(odd, index10))
        let upper10 = unsafe cost(distance10 - 4, rate(odd, index10 &+ 2))

        let below11: Int32 = rest >= 1 ? 0 : -1
        let distance11 = rest - 1 - 4 * Float(below11)
        let index11 = base &+ 1 &+ 2 &* below11
        let lower11 = index11 < 0 ? Float.infinity : unsafe cost(distance11, rate(odd, index11))
        let upper11 = unsafe cost(distance11 - 4, rate(odd, index11 &+ 2))

        // A zero stays zero, as where weights were pruned: no other index is worth having for the state it leads to.
        let odd0 = magnitude == 0 ? Float.infinity : 0
        evenEven = units(min(lower00, upper00))
        evenOdd = units(min(lower01, upper01) + odd0)
        oddEven = units(min(lower10, upper10))
        oddOdd = units(min(lower11, upper11) + odd0)
        choices =
            (upper00 < lower00 ? 1 : 0) | (upper01 < lower01 ? 2 : 0) | (upper10 < lower10 ? 4 : 0) | (upper11 < lower11 ? 8 : 0)
    }

    /// The magnitude of the index that a branch of `magnitude` leads to.
    @inline(__always)
    static func index(_ magnitude: Float, stateIsOdd: Bool, indexIsOdd: Bool, choices: UInt8) -> Int32 {
        let quarter = Int32(magnitude * 0.25)
        let rest = magnitude - Float(quarter &* 4)
        let base = quarter &* 2
        let lower: Int32
        switch (stateIsOdd, indexIsOdd) {
        case (false, false): lower = base
        case (false, true): lower = base &+ (rest >= 2 ? 1 : -1)
        case (true, false): lower = base &+ (rest >= 3 ? 2 : 0)
        case (true, true): lower = base &+ (rest >= 1 ? 1 : -1)
        }
        let isUpper = (choices >> ((stateIsOdd ? 2 : 0) + (indexIsOdd ? 1 : 0))) & 1
        return lower &+ Int32(isUpper) &* 2
    }
}
