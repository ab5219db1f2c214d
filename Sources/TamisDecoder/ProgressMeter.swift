import Synchronization

/// Adds up what several threads have done, and tells of it.
final class ProgressMeter: Sendable {
    private let done = Atomic<UInt64>(0)
    private let notify: (@Sendable (_ done: UInt64) -> Void)?

    init(_ notify: (@Sendable (_ done: UInt64) -> Void)?) { self.notify = notify }

    func add(_ amount: UInt64) {
        let before = done.wrappingAdd(amount, ordering: .relaxed).oldValue
        notify?(before + amount)
    }

    /// All up to `amount` is done, whatever was added.
    func reach(_ amount: UInt64) {
        done.store(amount, ordering: .relaxed)
        notify?(amount)
    }
}
