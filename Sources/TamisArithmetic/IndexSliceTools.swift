/// What the encoder chose for a tensor's indices, apart from the numbers themselves.
package struct IndexSliceTools: Sendable, Equatable {
    /// Contexts of the zero flag and the first two unary bins depend on the magnitudes of the two indices before.
    package var usesNeighbours: Bool
    /// The sign is coded under the signs of the indices 1, first and second distance before; nil: signs are raw bits.
    package var signDistances: (first: Int, second: Int)?
    /// Adaptation slows down to 2^−limit; 4 … 10.
    package var adaptationLimit: Int

    package init(usesNeighbours: Bool = false, signDistances: (first: Int, second: Int)? = nil, adaptationLimit: Int) {
        self.usesNeighbours = usesNeighbours
        self.signDistances = signDistances
        self.adaptationLimit = adaptationLimit
    }

    package static func == (a: IndexSliceTools, b: IndexSliceTools) -> Bool {
        a.usesNeighbours == b.usesNeighbours && a.adaptationLimit == b.adaptationLimit
            && a.signDistances?.first == b.signDistances?.first && a.signDistances?.second == b.signDistances?.second
    }
}
