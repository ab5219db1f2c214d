/// A trellis of 16 states or more whose constants the compiler knows.
protocol TrellisShape {
    /// Vectors of eight states in half of the states.
    static var halfBlocks: Int { get }
    /// The masks of `Trellis`, without the highest bit of a state.
    static var oddStateMask: Int { get }
    static var oddIndexMask: Int { get }
}

extension TrellisShape {
    static var bothMask: Int { oddStateMask ^ oddIndexMask }
}

enum Trellis16: TrellisShape {
    static var halfBlocks: Int { 1 }
    static var oddStateMask: Int { 0b001 }
    static var oddIndexMask: Int { 0b010 }
}

enum Trellis32: TrellisShape {
    static var halfBlocks: Int { 2 }
    static var oddStateMask: Int { 0b0010 }
    static var oddIndexMask: Int { 0b0100 }
}

enum Trellis64: TrellisShape {
    static var halfBlocks: Int { 4 }
    static var oddStateMask: Int { 0b00001 }
    static var oddIndexMask: Int { 0b01010 }
}

enum Trellis128: TrellisShape {
    static var halfBlocks: Int { 8 }
    static var oddStateMask: Int { 0b001110 }
    static var oddIndexMask: Int { 0b101011 }
}

enum Trellis256: TrellisShape {
    static var halfBlocks: Int { 16 }
    static var oddStateMask: Int { 0b0100110 }
    static var oddIndexMask: Int { 0b1111001 }
}

extension SIMD8 {
    /// The lanes with their numbers toggled by `mask`, 0 ... 7, which the compiler should know.
    @inline(__always)
    func exchanged(_ mask: Int) -> SIMD8 {
        var v = self
        if mask & 1 != 0 { v = SIMD8(v[1], v[0], v[3], v[2], v[5], v[4], v[7], v[6]) }
        if mask & 2 != 0 { v = SIMD8(v[2], v[3], v[0], v[1], v[6], v[7], v[4], v[5]) }
        if mask & 4 != 0 { v = SIMD8(lowHalf: v.highHalf, highHalf: v.lowHalf) }
        return v
    }
}
