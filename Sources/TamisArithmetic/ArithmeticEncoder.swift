/// Turns bins into a codeword under adaptive probabilities (Spec §6.1).
///
/// The interval [`low`, `low` + `range`) of 64-bit fixed-point numbers shrinks with each bin: a 1 keeps the lower part, as wide as
/// its probability, a 0 the upper. Once `range` falls below 2^32, the upper 32 bits of `low` leave. A carry out of `low` goes into
/// the bytes that have left: the interval never contains a number that would need a second carry there.
struct ArithmeticEncoder: ~Copyable {
    private var range: UInt64 = .max
    private var low: UInt64 = 0
    private var bytes: [UInt8] = []

    init(reservingBytes: Int) { bytes.reserveCapacity(reservingBytes) }

    /// Appends a bin under `context`, which learns from it; see `ArithmeticDecoder.bin`.
    @inline(__always)
    mutating func bin(_ isOne: Bool, _ context: inout UInt32, _ adaptation: borrowing AdaptationTable) {
        let state = context
        let split = (range >> 16) &* UInt64(state >> 16)
        if isOne {
            range = split
        } else {
            let (sum, carry) = low.addingReportingOverflow(split)
            low = sum
            range &-= split
            if carry { propagateCarry() }
        }
        context = AdaptiveProbability.updated(state, isOne, adaptation)
        if range < 1 << 32 { emitWord() }
    }

    @inline(never)
    private mutating func emitWord() {
        unsafe withUnsafeBytes(of: UInt32(truncatingIfNeeded: low >> 32).bigEndian) { unsafe bytes.append(contentsOf: $0) }
        low <<= 32
        range <<= 32
    }

    @inline(never)
    private mutating func propagateCarry() {
        var place = bytes.count - 1
        while bytes[place] == 255 {
            bytes[place] = 0
            place -= 1
        }
        bytes[place] += 1
    }

    /// The canonical codeword: see `ArithmeticDecoder.finish`. At least one byte.
    consuming func finish() -> [UInt8] {
        let zeroBytes = UInt64(63 - range.leadingZeroBitCount) / 8
        let grain = UInt64(1) << (8 * zeroBytes)
        let (sum, carry) = low.addingReportingOverflow(grain - 1)
        if carry { propagateCarry() }
        let value = sum & ~(grain - 1)
        for byte in 0..<(8 - zeroBytes) { bytes.append(UInt8(truncatingIfNeeded: value >> (56 - 8 * byte))) }
        return bytes
    }
}
