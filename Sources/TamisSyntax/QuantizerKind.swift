/// How the indices of a data unit become values (Spec §4.5, §7).
package enum QuantizerKind: UInt8, Sendable {
    /// Multiples of a step, shifted by an offset.
    case uniform = 0
    /// Multiples of a step of which a state machine allows some.
    case trellis = 1
    /// A list of values.
    case codebook = 2
    /// Values that grow exponentially.
    case companded = 3
    /// Small floating-point numbers.
    case minifloat = 4
    /// Integers as they are.
    case integer = 5

    package var hasGrid: Bool { self == .uniform || self == .trellis }
}
