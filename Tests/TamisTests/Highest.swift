import Synchronization

/// The highest of the numbers noted, from any thread.
final class Highest: Sendable {
    private let number = Mutex<UInt64>(0)

    func note(_ value: UInt64) { number.withLock { $0 = max($0, value) } }

    var value: UInt64 { number.withLock { $0 } }
}
