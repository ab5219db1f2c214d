@testable import TamisArithmetic
import TamisBits
import TamisTestSupport
import Testing

/// Indices with everything that decides about their codeword.
struct SliceCase {
    var indices: [Int32]
    var classes: [UInt8]
    var magnitudeCode: UInt8
    var tools: IndexSliceTools

    init(_ indices: [Int32], classes: [UInt8]? = nil, magnitudeCode: UInt8 = 16, _ tools: IndexSliceTools = IndexSliceTools(adaptationLimit: 8)) {
        self.indices = indices
        self.classes = classes ?? [UInt8](repeating: 8, count: indices.count)
        self.magnitudeCode = magnitudeCode
        self.tools = tools
    }

    func encoded() -> IndexSliceCoder.Slice {
        var coder = IndexSliceCoder(IndexBinarization(magnitudeCode: magnitudeCode), tools)
        return indices.withUnsafeBufferPointer { indices in classes.withUnsafeBufferPointer { coder.encode(indices, classes: $0) } }
    }

    /// What the indices decode to: themselves, or 2 q − b · sgn q with b the parity of the state, step by step as in Spec §7.3.
    var levels: [Int32] {
        if !tools.states.hasStates { return indices }
        var state: UInt32 = 0
        return indices.map { index in
            let level = 2 &* index &- (state & 1 == 1 ? index.signum() : 0)
            state = (state >> 1) ^ (state & 1 == 1 ? tools.states.oddStateMask : 0) ^ (index & 1 != 0 ? tools.states.oddIndexMask : 0)
            return level
        }
    }

    /// The indices that decode to `levels`.
    private func indices(of levels: [Int32]) -> [Int32] {
        if !tools.states.hasStates { return levels }
        var state: UInt32 = 0
        return levels.map { level in
            let index = (level &+ (state & 1 == 1 ? level.signum() : 0)) / 2
            state = (state >> 1) ^ (state & 1 == 1 ? tools.states.oddStateMask : 0) ^ (index & 1 != 0 ? tools.states.oddIndexMask : 0)
            return index
        }
    }

    /// The levels of `slice`, or nil if it is refused, as the plain decoder says.
    ///
    /// The fast one must say the same, in lockstep and alone, and learn the same.
    func decoded(_ slice: IndexSliceCoder.Slice) -> [Int32]? {
        var coder = IndexSliceCoder(IndexBinarization(magnitudeCode: magnitudeCode), tools)
        var decoder = IndexSliceDecoder(IndexBinarization(magnitudeCode: magnitudeCode), tools)
        // No index that coding can yield, so that one left out is seen.
        let blank = [Int32](repeating: .min, count: indices.count)
        var (plain, alone, pair) = (blank, blank, (blank, blank))
        return slice.codeword.withView { codeword in
            slice.rawBits.withView { rawBits in
                classes.withUnsafeBufferPointer { classes -> [Int32]? in
                    func fast(_ indices: UnsafeMutableBufferPointer<Int32>) -> IndexSliceDecoder.Slice {
                        IndexSliceDecoder.Slice(codeword: codeword, rawBits: rawBits, classes: classes, into: indices)
                    }
                    let isSound = plain.withUnsafeMutableBufferPointer {
                        coder.decode(codeword: codeword, rawBits: rawBits, classes: classes, into: $0)
                    }
                    let isAloneSound = alone.withUnsafeMutableBufferPointer { decoder.decode(fast($0)) }
                    #expect(isAloneSound == isSound && (!isSound || (alone == plain && decoder.learned(0) == coder.learned)))
                    let areSound = pair.0.withUnsafeMutableBufferPointer { first in
                        pair.1.withUnsafeMutableBufferPointer { decoder.decode(fast(first), fast($0)) }
                    }
                    #expect(areSound == (isSound, isSound) && (!isSound || (pair == (plain, plain))))
                    if isSound { #expect(decoder.learned(0) == coder.learned && decoder.learned(1) == coder.learned) }
                    return isSound ? plain : nil
                }
            }
        }
    }

    var comesBack: Bool { decoded(encoded()) == levels }

    /// A sound slice of any bytes must be what the encoder makes of its indices; nothing may trap.
    func isRefusedOrCanonical(_ slice: IndexSliceCoder.Slice) -> Bool {
        guard let levels = decoded(slice) else { return true }
        var other = self
        other.indices = indices(of: levels)
        if other.levels != levels { return false }
        let indices = other.indices
        return indices.allSatisfy { $0.magnitude <= IndexBinarization.maximumMagnitude } && other.encoded() == slice
    }

    /// - Parameter scale: largest binary logarithm of a magnitude.
    static func random(count: Int, scale: Int, magnitudeCode: UInt8, _ tools: IndexSliceTools, _ random: inout SplitMix64) -> SliceCase {
        let indices = (0..<count).map { _ -> Int32 in
            let bits = Int.random(in: 0...scale, using: &random)
            let magnitude = Int32(truncatingIfNeeded: random.next() & ((1 << UInt64(bits)) - 1))
            return random.next() & 1 == 0 ? magnitude : -magnitude
        }
        let classes = (0..<count).map { _ in UInt8.random(in: 0...16, using: &random) }
        return SliceCase(indices, classes: classes, magnitudeCode: magnitudeCode, tools)
    }
}
