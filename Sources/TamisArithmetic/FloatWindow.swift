/// Which symbol stands for an element in float mode, and which bits follow it raw (Spec §6.9.1).
///
/// The prefix of a magnitude is its exponent and the highest `modelledBits` bits of its mantissa. Prefixes in the window are
/// symbols from 2 on; the bits below the prefix and the sign are raw. Symbol 0, the escape, stands for any element, all of whose
/// bits are raw then, and symbol 1 for +0.
package struct FloatWindow: Sendable, Equatable {
    package let layout: FloatLayout
    /// z: the lowest bits of every element, which are 0 and not sent.
    package let zeroBits: Int
    /// t.
    package let modelledBits: Int
    /// The prefix of symbol 2.
    package let origin: Int
    /// Prefixes in the window.
    package let count: Int

    package static let maximumModelledBits = 4
    package static let countRange = 1...254
    package static let escape = 0
    package static let positiveZero = 1
    package static let first = 2

    /// - Returns: nil if the numbers contradict one another (Spec §4.5): then there is no such window.
    package init?(layout: FloatLayout, zeroBits: Int, modelledBits: Int, origin: Int, count: Int) {
        guard (0...layout.mantissaBits).contains(zeroBits),
            (0...min(layout.mantissaBits - zeroBits, Self.maximumModelledBits)).contains(modelledBits),
            Self.countRange.contains(count), origin >= 0, origin <= (1 << (layout.exponentBits + modelledBits)) - count
        else { return nil }
        self.layout = layout
        self.zeroBits = zeroBits
        self.modelledBits = modelledBits
        self.origin = origin
        self.count = count
    }

    /// Symbols together, 3 … 256.
    package var symbols: Int { count + Self.first }
    /// Bits of an element below the prefix.
    package var prefixShift: Int { layout.mantissaBits - modelledBits }
    /// Raw bits of the mantissa.
    package var lowBits: Int { prefixShift - zeroBits }
    /// Raw bits of an element in the window, at most 53.
    package var rawBits: Int { lowBits + layout.signBits }
    /// Raw bits of an escape.
    package var escapeBits: Int { layout.bitCount - zeroBits }

    /// Finds the symbol of an element, were it frequent enough to have one. Loops keep a copy.
    struct Finder {
        private let mask: UInt64
        private let shift: UInt64
        private let origin: UInt64
        private let count: UInt64

        init(_ window: FloatWindow) {
            mask = window.layout.magnitudeMask
            shift = UInt64(window.prefixShift)
            origin = UInt64(window.origin)
            count = UInt64(window.count)
        }

        @inline(__always)
        func callAsFunction(_ element: UInt64) -> Int {
            let place = (element & mask) &>> shift &- origin
            let symbol = place < count ? Int(truncatingIfNeeded: place) &+ FloatWindow.first : FloatWindow.escape
            return element == 0 ? FloatWindow.positiveZero : symbol
        }
    }
}
