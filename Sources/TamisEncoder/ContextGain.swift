/// What contexts must save, as parts of a tensor's bits, to be used.
struct ContextGain: Sendable {
    let neighbours: Double
    let signs: Double

    /// Decoding takes a tenth longer with neighbour contexts, and a third longer with sign contexts.
    static let worthTheTime = ContextGain(neighbours: 0.002, signs: 0.003)
    static let any = ContextGain(neighbours: 0, signs: 0)
}
