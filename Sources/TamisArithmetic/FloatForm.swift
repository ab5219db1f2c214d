/// How symbol and raw bits make an element (Spec §6.9.1).
struct FloatForm {
    let rawBits: Int
    private let escapeBits: Int
    private let zeroBits: UInt64
    private let prefixShift: UInt64
    private let signShift: UInt64
    private let lowMask: UInt64
    private let rawMask: UInt64
    /// The prefix that symbol 0 would have.
    private let base: UInt64

    init(_ window: FloatWindow) {
        rawBits = window.rawBits
        escapeBits = window.escapeBits
        zeroBits = UInt64(window.zeroBits)
        prefixShift = UInt64(window.prefixShift)
        signShift = UInt64(window.layout.bitCount - 1 - window.lowBits)
        lowMask = (1 << UInt64(window.lowBits)) - 1
        rawMask = (1 << UInt64(window.rawBits)) - 1
        base = UInt64(window.origin) &- UInt64(FloatWindow.first)
    }

    @inline(__always)
    private func windowElement(_ symbol: UInt64, _ bits: UInt64) -> UInt64 {
        (base &+ symbol) &<< prefixShift | (bits & lowMask) &<< zeroBits | (bits & ~lowMask) &<< signShift
    }

    /// Of any symbol; past their end, raw bits are zeros.
    @inline(never)
    func element(_ symbol: UInt64, _ raw: inout LongRawBitReader) -> UInt64 {
        if symbol == FloatWindow.escape {
            let low = raw.take(min(escapeBits, 32))
            return (low | raw.take(max(escapeBits - 32, 0)) << 32) << zeroBits
        }
        return symbol == FloatWindow.positiveZero ? 0 : windowElement(symbol, raw.take(rawBits))
    }

    /// Of a symbol other than the escape, of which it is known that its raw bits are there.
    @inline(__always)
    func heldElement(_ symbol: UInt64, _ raw: inout LongRawBitReader) -> UInt64 {
        let bits = raw.held() & rawMask
        let isZero = symbol == FloatWindow.positiveZero
        raw.skip(isZero ? 0 : rawBits)
        return isZero ? 0 : windowElement(symbol, bits)
    }
}
