/// The integers that weights shall be multiples of a step by, so that a decoder can hand them on as they are.
public enum IntegerGrid: String, Sendable, CaseIterable {
    /// −127 … 127.
    case int8
    /// −7 … 7.
    case int4

    /// The largest magnitude.
    var mostSteps: Int { self == .int8 ? 127 : 7 }
}
