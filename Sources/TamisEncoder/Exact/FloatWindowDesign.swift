import TamisArithmetic
import TamisBits

/// Chooses modelled bits and window of a tensor in float mode.
enum FloatWindowDesign {
    /// The window that takes the fewest bits, the table of frequencies included.
    ///
    /// - Parameters:
    ///   - counts: of a sample, not empty.
    ///   - elementCount: what the sample stands for.
    /// - Returns: nil if there is none, which does not happen for layouts of element types.
    static func best(_ counts: FloatPrefixCounts, elementCount: Int) -> FloatWindow? {
        var best: (bits: Double, window: FloatWindow)?
        for modelled in 0...counts.finest {
            let prefixes = counts.coarser(modelled)
            let range = densest(prefixes)
            let window = FloatWindow(
                layout: counts.layout, zeroBits: counts.zeroBits, modelledBits: modelled, origin: range.lowerBound, count: range.count)
            guard let window else { continue }
            let inside = prefixes[range]
            let escapes = UInt64(counts.total) - UInt64(counts.positiveZeros) - inside.reduce(0, +)
            let symbols = [escapes, UInt64(counts.positiveZeros)] + inside
            let raw = Double(escapes) * Double(window.escapeBits) + Double(inside.reduce(0, +)) * Double(window.rawBits)
            let scale = Double(elementCount) / Double(counts.total)
            let bits = Entropy.bits(ofSample: symbols[...], scale: scale) + raw * scale
            if bits < best?.bits ?? .infinity { best = (bits, window) }
        }
        return best?.window
    }

    /// The shortest range that holds all prefixes that come up, or, if it would be longer than a window may be, one that holds the most.
    private static func densest(_ prefixes: [UInt64]) -> Range<Int> {
        guard let first = prefixes.firstIndex(where: { $0 > 0 }), let last = prefixes.lastIndex(where: { $0 > 0 }) else { return 0..<1 }
        let longest = FloatWindow.countRange.upperBound
        if last - first < longest { return first..<(last + 1) }
        var held = prefixes[first..<(first + longest)].reduce(0, +)
        var (most, start) = (held, first)
        for place in (first + 1)...(last + 1 - longest) {
            held += prefixes[place + longest - 1]
            held -= prefixes[place - 1]
            if held > most { (most, start) = (held, place) }
        }
        return start..<(start + longest)
    }
}
