import TamisBits

/// Turns a codeword back into bins and symbols (Spec §6.1), the counterpart of `ArithmeticEncoder`.
///
/// `offset` is the codeword's value less the lower end of the interval: bins compare it with the split of `range`. Both are
/// 64 bits wide; once `range` falls below 2^32, both take in the next 32 bits. Past its end the codeword reads as zeros.
@safe
struct ArithmeticDecoder: ~Copyable {
    private var range: UInt64 = .max
    private var offset: UInt64
    /// Bytes taken in, those past the end included.
    private var position: Int = 8
    private let codeword: UnsafeRawPointer
    private let count: Int
    /// `offset` < `range` at the start, and so at all times. Without it, `offset` would lose bits and two codewords mean the same.
    private let startsInside: Bool

    /// - Parameter codeword: at least one byte; must outlive the decoder.
    init(_ codeword: ByteView) {
        precondition(codeword.count > 0)
        unsafe self.codeword = codeword.buffer.baseAddress.unsafelyUnwrapped
        count = codeword.count
        let upper = unsafe Self.word(self.codeword, count, at: 0)
        offset = UInt64(upper) << 32 | UInt64(unsafe Self.word(self.codeword, count, at: 4))
        startsInside = offset < range
    }

    /// The big-endian 32 bits at `place`, zeros past the end.
    @inline(__always)
    private static func word(_ codeword: UnsafeRawPointer, _ count: Int, at place: Int) -> UInt32 {
        if place &+ 4 <= count { return unsafe UInt32(bigEndian: codeword.loadUnaligned(fromByteOffset: place, as: UInt32.self)) }
        return unsafe lastWord(codeword, count, at: place)
    }

    @inline(never)
    private static func lastWord(_ codeword: UnsafeRawPointer, _ count: Int, at place: Int) -> UInt32 {
        var word: UInt32 = 0
        for byte in place..<(place &+ 4) {
            word = word << 8 | (byte < count ? UInt32(unsafe codeword.load(fromByteOffset: byte, as: UInt8.self)) : 0)
        }
        return word
    }

    /// The next bin under `context`, which learns from it.
    @inline(__always)
    mutating func bin(_ context: inout UInt32, _ adaptation: borrowing AdaptationTable) -> Bool {
        let state = context
        let split = (range >> 16) &* UInt64(state >> 16)
        let isOne = offset < split
        range = isOne ? split : range &- split
        offset = isOne ? offset : offset &- split
        context = AdaptiveProbability.updated(state, isOne: isOne, adaptation.view)
        refill()
        return isOne
    }

    /// The next symbol of a decision group, which learns from it: 0 … 4 decisions that are 1 before the first that is 0.
    mutating func symbol(_ group: UnsafeMutablePointer<UInt32>, _ adaptation: DecisionAdaptation.View) -> Int {
        let bounds = unsafe DecisionGroup.Bounds(group, range)
        let symbol: Int
        let (upper, lower): (UInt64, UInt64)
        if offset >= bounds.one {
            (symbol, upper, lower) = (0, range, bounds.one)
        } else if offset >= bounds.two {
            (symbol, upper, lower) = (1, bounds.one, bounds.two)
        } else if offset >= bounds.three {
            (symbol, upper, lower) = (2, bounds.two, bounds.three)
        } else if offset >= bounds.four {
            (symbol, upper, lower) = (3, bounds.three, bounds.four)
        } else {
            (symbol, upper, lower) = (4, bounds.four, 0)
        }
        range = upper - lower
        offset -= lower
        unsafe adaptation.adaptPlainly(group, symbol)
        refill()
        return symbol
    }

    @inline(__always)
    private mutating func refill() {
        if range < 1 << 32 {
            range <<= 32
            offset = offset << 32 | UInt64(unsafe Self.word(codeword, count, at: position))
            position &+= 4
        }
    }

    /// Checks that the codeword is the canonical one and ends where it must (Spec §6.1).
    ///
    /// The canonical codeword is the smallest multiple of 256^k in the interval, for the largest k with 256^k ≤ `range`,
    /// without its last k bytes, which are zero.
    consuming func finish() -> Bool {
        let zeroBytes = (63 - range.leadingZeroBitCount) / 8
        return startsInside && position - zeroBytes == count && offset >> UInt64(8 * zeroBytes) == 0
    }
}
