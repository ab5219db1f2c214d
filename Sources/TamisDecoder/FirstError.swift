import Synchronization
import TamisBits
import TamisThreads

/// Runs `body` for each index and throws the error of the lowest index that failed, or `cancelled`.
func firstError(
    _ count: Int, _ threads: ThreadCount, _ body: @Sendable (_ index: Int) throws(TamisError) -> Void
) throws(TamisError) {
    let first = Mutex<(index: Int, error: TamisError)?>(nil)
    try parallelFor(count, threads: threads) { _, index in
        // What lies behind a fault need not be decoded: the lowest index that fails is the same.
        if index > first.withLock({ $0?.index ?? .max }) { return }
        do throws(TamisError) {
            try body(index)
        } catch {
            first.withLock { first in
                if index < first?.index ?? .max { first = (index, error) }
            }
        }
    }
    if let error = first.withLock({ $0?.error }) { throw error }
}
