import TamisBits

/// Names of the values that stand in the place of a weight: its own name and an ending that no other value of the model has.
struct WeightNames {
    enum Ending: String, CaseIterable {
        case stored = "_stored"
        case scale = "_scale"
        case zeroPoint = "_zero_point"
    }

    /// Behind the ending if it is above 0, so that no two names are equal.
    let number: UInt64

    func name(of weight: ArraySlice<UInt8>, _ ending: Ending) -> [UInt8] {
        Array(weight) + Array((ending.rawValue + (number > 0 ? "_\(number)" : "")).utf8)
    }

    /// The number of a name that could be one of these; nil if it is none.
    static func number(endOf name: Range<Int>, in bytes: ByteView) -> UInt64? {
        var end = name.upperBound
        var number: UInt64 = 0
        var factor: UInt64 = 1
        while end > name.lowerBound, (0x30...0x39).contains(bytes[end - 1]), factor < 1_000_000_000_000_000_000 {
            number += UInt64(bytes[end - 1] - 0x30) * factor
            factor *= 10
            end -= 1
        }
        let hasNumber = end < name.upperBound && end > name.lowerBound && bytes[end - 1] == UInt8(ascii: "_")
        if hasNumber { end -= 1 } else { (number, end) = (0, name.upperBound) }
        let isKnown = Ending.allCases.contains { ending in
            let count = ending.rawValue.utf8.count
            return end - name.lowerBound >= count && bytes.holds((end - count)..<end, ending.rawValue)
        }
        return isKnown ? number : nil
    }
}
