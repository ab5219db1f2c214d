/// The arithmetic encoder of Spec §6.1 and §6.2 with numbers of any length: slow, without registers, carries or packed contexts.
struct PlainArithmeticEncoder {
    struct Context {
        var probability = 1 << 21
        var count = 0

        mutating func adapt(_ isOne: Bool, limit: Int) {
            var shift = 0
            while 1 << (shift + 1) <= count + 2 { shift += 1 }
            let target = isOne ? (1 << 22) - (1 << 11) : 1 << 11
            probability += (target - probability) >> min(limit, shift)
            if count < (1 << limit) - 2 { count += 1 }
        }
    }

    /// The lower end of the interval, big-endian, the first byte for carries that never come.
    private var low: [UInt8] = [UInt8](repeating: 0, count: 9)
    private(set) var range = UInt64.max

    mutating func bin(_ isOne: Bool, _ context: inout Context, limit: Int) {
        let split = (range >> 16) * UInt64(context.probability >> 6)
        if isOne {
            range = split
        } else {
            add(split)
            range -= split
        }
        context.adapt(isOne, limit: limit)
        if range < 1 << 32 {
            range <<= 32
            low += [0, 0, 0, 0]
        }
    }

    private mutating func add(_ value: UInt64) {
        var carry = value
        var place = low.count - 1
        while carry > 0 {
            let (sum, overflow) = carry.addingReportingOverflow(UInt64(low[place]))
            low[place] = UInt8(truncatingIfNeeded: sum)
            carry = sum >> 8 | (overflow ? 1 << 56 : 0)
            place -= 1
        }
    }

    /// The smallest multiple of 256^z that is not below `low`, without its z zero bytes.
    consuming func finish() -> [UInt8] {
        var z = 0
        while z < 7 && UInt64(1) << UInt64(8 * (z + 1)) <= range { z += 1 }
        add((UInt64(1) << UInt64(8 * z)) - 1)
        return Array(low[1..<(low.count - z)])
    }
}
