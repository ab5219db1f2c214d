import TamisQuantization

/// How the survivors of a trellis follow each other, eight states a vector.
protocol SurvivorShape {
    typealias Lanes = SIMD8<Float>
    static var blocks: Int { get }
    /// For the states of a block, what their predecessors by an even and by an odd index have.
    static func predecessors(_ all: UnsafePointer<Lanes>, _ block: Int) -> (even: Lanes, odd: Lanes)
    /// For the states of a block, what the branches into them have, of the four kinds of `TrellisBranches`.
    static func kinds(_ kinds: SIMD4<Float>, _ block: Int) -> (even: Lanes, odd: Lanes)
}

enum Trellis8: SurvivorShape {
    static var blocks: Int { 1 }

    @inline(__always)
    static func predecessors(_ all: UnsafePointer<Lanes>, _ block: Int) -> (even: Lanes, odd: Lanes) {
        let v = unsafe all[0]
        return (Lanes(v[0], v[2], v[4], v[6], v[3], v[1], v[7], v[5]), Lanes(v[4], v[6], v[0], v[2], v[7], v[5], v[3], v[1]))
    }

    @inline(__always)
    static func kinds(_ kinds: SIMD4<Float>, _ block: Int) -> (even: Lanes, odd: Lanes) {
        let (eo, ee, oo, oe) = (kinds[0], kinds[1], kinds[2], kinds[3])
        return (Lanes(ee, ee, ee, ee, oe, oe, oe, oe), Lanes(eo, eo, eo, eo, oo, oo, oo, oo))
    }
}

extension SurvivorShape where Self: TrellisShape {
    static var blocks: Int { 2 * halfBlocks }

    @inline(__always)
    static func predecessors(_ all: UnsafePointer<Lanes>, _ block: Int) -> (even: Lanes, odd: Lanes) {
        let half = halfBlocks
        if block < half {
            let other = block ^ (oddIndexMask >> 3)
            return unsafe (
                Lanes(lowHalf: all[2 &* block].evenHalf, highHalf: all[2 &* block &+ 1].evenHalf),
                Lanes(lowHalf: all[2 &* other].evenHalf, highHalf: all[2 &* other &+ 1].evenHalf).exchanged(oddIndexMask & 7)
            )
        }
        let first = (block &- half) ^ (oddStateMask >> 3)
        let second = (block &- half) ^ (bothMask >> 3)
        return unsafe (
            Lanes(lowHalf: all[2 &* first].oddHalf, highHalf: all[2 &* first &+ 1].oddHalf).exchanged(oddStateMask & 7),
            Lanes(lowHalf: all[2 &* second].oddHalf, highHalf: all[2 &* second &+ 1].oddHalf).exchanged(bothMask & 7)
        )
    }

    @inline(__always)
    static func kinds(_ kinds: SIMD4<Float>, _ block: Int) -> (even: Lanes, odd: Lanes) {
        block < halfBlocks
            ? (Lanes(repeating: kinds[1]), Lanes(repeating: kinds[0])) : (Lanes(repeating: kinds[3]), Lanes(repeating: kinds[2]))
    }
}

extension Trellis16: SurvivorShape {}
extension Trellis32: SurvivorShape {}
extension Trellis64: SurvivorShape {}
extension Trellis128: SurvivorShape {}
extension Trellis256: SurvivorShape {}
