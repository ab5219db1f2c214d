import Synchronization
import TamisBits

/// The caller's word that work is not wanted any more. Whoever works asks for it often.
public final class Cancellation: Sendable {
    private let isKnown = Atomic<Bool>(false)
    /// Locked while the caller is asked.
    private let question: Mutex<@Sendable () -> Bool>

    /// - Parameter isCancelled: called from any thread, never by two at a time, and never again once it has returned true.
    public init(_ isCancelled: @escaping @Sendable () -> Bool) { question = Mutex(isCancelled) }

    /// Whether the caller has said so, as far as known: while one thread asks, others do not wait for the answer.
    package var isCancelled: Bool {
        if isKnown.load(ordering: .relaxed) { return true }
        let answer = question.withLockIfAvailable { ask in
            if isKnown.load(ordering: .relaxed) { return true }
            let answer = ask()
            if answer { isKnown.store(true, ordering: .relaxed) }
            return answer
        }
        return answer ?? false
    }
}
