/// Why a quantizer cannot be had for a tensor: words that complete "kept exact because …".
struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
