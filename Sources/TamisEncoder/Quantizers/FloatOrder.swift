/// Integers in the order of the floating-point numbers whose bits they come from; −0 comes just before +0.
enum FloatOrder {
    /// Its own inverse.
    @inline(__always)
    static func key(_ bits: UInt32) -> Int32 {
        let signed = Int32(bitPattern: bits)
        return signed ^ ((signed &>> 31) & Int32.max)
    }

    static func key(_ value: Float) -> Int32 { key(value.bitPattern) }

    static func value(_ key: Int32) -> Float { Float(bitPattern: UInt32(bitPattern: Self.key(UInt32(bitPattern: key)))) }
}
