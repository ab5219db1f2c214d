import Dispatch
import Synchronization
import TamisBits

/// Calls `body(worker, index)` once for each index in `0 ..< count`, up to `threads.value` at a time, and returns when all calls have.
///
/// Indices are handed out in ascending order, so put the longest work first. `worker` is in `0 ..< threads.value` and no two
/// concurrent calls share it: it can select scratch memory. With one thread everything runs in order on the caller's thread.
/// - Throws: `cancelled`, once all calls have returned that had begun when the caller asked to stop.
package func parallelFor(_ count: Int, threads: ThreadCount, _ body: @Sendable (_ worker: Int, _ index: Int) -> Void) throws(TamisError) {
    let workers = min(threads.value, count)
    if workers <= 1 {
        for index in 0..<count {
            try threads.checkCancellation()
            body(0, index)
        }
        return
    }
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if index >= count || threads.isCancelled { return }
            body(worker, index)
        }
    }
    try threads.checkCancellation()
}

/// `body(worker, index)` for each index in `0 ..< count`, in the order of the indices whatever thread computed which.
///
/// The same hand-out as `parallelFor`, and the same errors.
package func parallelMap<Result: Sendable>(
    _ count: Int, threads: ThreadCount, _ body: @Sendable (_ worker: Int, _ index: Int) -> Result
) throws(TamisError) -> [Result] {
    let places = Mutex<[Result?]>(Array(repeating: nil, count: count))
    try parallelFor(count, threads: threads) { worker, index in
        let result = body(worker, index)
        places.withLock { $0[index] = result }
    }
    return places.withLock { $0.compactMap { $0 } }
}
