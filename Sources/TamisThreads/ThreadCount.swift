import Glibc
import TamisBits

/// How many threads work side by side, and whether they are to go on. Results never depend on the number.
public struct ThreadCount: Sendable, Equatable {
    public let value: Int
    private let cancellation: Cancellation?

    /// - Parameters:
    ///   - requested: 0 means one thread for each processor; negative counts as 0.
    ///   - cancellation: asked between parts of the work; what is stopped by it throws `cancelled`, and frees all that it took.
    public init(_ requested: Int = 0, cancellation: Cancellation? = nil) {
        value = requested > 0 ? requested : max(1, Self.processors)
        self.cancellation = cancellation
    }

    /// Processors online.
    private static let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))

    /// Whether the caller wants no more.
    package var isCancelled: Bool { cancellation?.isCancelled ?? false }

    /// - Throws: `cancelled` if the caller wants no more.
    package func checkCancellation() throws(TamisError) {
        if isCancelled { throw TamisError(.cancelled, "the caller asked to stop") }
    }

    /// Equal numbers.
    public static func == (a: ThreadCount, b: ThreadCount) -> Bool { a.value == b.value }
}
