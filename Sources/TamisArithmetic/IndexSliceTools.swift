/// What the encoder chose for a tensor's indices, apart from the numbers themselves.
package struct IndexSliceTools: Sendable, Equatable {
    /// Contexts of the zero flag and the first two unary bins depend on the magnitudes of the two indices before.
    package var usesNeighbours: Bool
    /// The sign is coded under the signs of the indices 1, first and second distance before; nil: signs are raw bits.
    package var signDistances: (first: Int, second: Int)?
    /// Adaptation slows down to 2^−limit; 4 … 10.
    package var adaptationLimit: Int
    /// The states that indices go through; `none` without a trellis.
    package var states: StateTransition

    package init(
        usesNeighbours: Bool = false, signDistances: (first: Int, second: Int)? = nil, adaptationLimit: Int, states: StateTransition = .none
    ) {
        self.usesNeighbours = usesNeighbours
        self.signDistances = signDistances
        self.adaptationLimit = adaptationLimit
        self.states = states
    }

    package static func == (a: IndexSliceTools, b: IndexSliceTools) -> Bool {
        a.usesNeighbours == b.usesNeighbours && a.states == b.states && a.adaptationLimit == b.adaptationLimit
            && a.signDistances?.first == b.signDistances?.first && a.signDistances?.second == b.signDistances?.second
    }
}

/// How the trellis's state follows from the indices (Spec §7.3), as far as the coder needs it: the lowest bit of the state selects
/// contexts.
package struct StateTransition: Sendable, Equatable {
    let oddStateMask: UInt32
    let oddIndexMask: UInt32

    /// A state that stays 0.
    package static let none = StateTransition(oddStateMask: 0, oddIndexMask: 0)

    /// - Parameters:
    ///   - oddStateMask: what an odd state toggles in the next one.
    ///   - oddIndexMask: what an odd index toggles.
    package init(oddStateMask: Int, oddIndexMask: Int) {
        self.oddStateMask = UInt32(oddStateMask)
        self.oddIndexMask = UInt32(oddIndexMask)
    }

    /// True if levels are twice the indices, less one in odd states.
    var hasStates: Bool { oddIndexMask != 0 }

    @inline(__always)
    func next(_ state: UInt32, magnitude: UInt32) -> UInt32 {
        (state &>> 1) ^ ((0 &- (state & 1)) & oddStateMask) ^ ((0 &- (magnitude & 1)) & oddIndexMask)
    }
}
