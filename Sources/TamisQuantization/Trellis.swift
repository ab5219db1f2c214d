/// The state machine of trellis-coded quantization (Spec §7.3): a rate-½ systematic feedback code in Ungerboeck's form.
///
/// The lowest bit of a state picks the quantizer: 0 the even multiples of the step, 1 the odd multiples and zero. The parity of the
/// index drives the state. Method: Marcellin and Fischer, "Trellis coded quantization of memoryless and Gauss–Markov sources",
/// IEEE Trans. Comm. 38 (1990); entropy-coded with unions of subsets as in Joshi, Crump and Fischer (1995).
package struct Trellis: Sendable, Equatable {
    /// Binary logarithm of the number of states, 3 … 8.
    package let statesLog2: Int
    /// What an odd state and an odd index toggle in the next state: the parity-check polynomials h0 and h1 without their last bit.
    package let oddStateMask: Int
    package let oddIndexMask: Int

    package static let statesLog2Range: ClosedRange<Int> = 3...8

    private static let polynomials: [(h0: Int, h1: Int)] = [
        (0o13, 0o04), (0o23, 0o04), (0o45, 0o10), (0o103, 0o024), (0o235, 0o126), (0o515, 0o362),
    ]

    /// - Returns: nil outside `statesLog2Range`.
    package init?(statesLog2: Int) {
        guard Self.statesLog2Range.contains(statesLog2) else { return nil }
        let (h0, h1) = Self.polynomials[statesLog2 - Self.statesLog2Range.lowerBound]
        self.statesLog2 = statesLog2
        oddStateMask = h0 >> 1
        oddIndexMask = h1 >> 1
    }

    package var stateCount: Int { 1 << statesLog2 }

    /// The state after `state` by an index.
    @inline(__always)
    package func next(_ state: Int, isOdd: Bool) -> Int {
        (state &>> 1) ^ ((0 &- (state & 1)) & oddStateMask) ^ ((0 &- (isOdd ? 1 : 0)) & oddIndexMask)
    }

    /// The level, in steps, that an index stands for in a state.
    @inline(__always)
    package static func level(of index: Int32, in state: Int) -> Int32 {
        2 &* index &- (Int32(truncatingIfNeeded: state & 1) &* index.signum())
    }

    /// Turns the indices of a slice into levels, in place.
    package func levels(_ indices: UnsafeMutableBufferPointer<Int32>) {
        var state = 0
        for i in 0..<indices.count {
            let index = unsafe indices[i]
            unsafe indices[i] = Self.level(of: index, in: state)
            state = next(state, isOdd: index & 1 != 0)
        }
    }
}
