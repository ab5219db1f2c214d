import Dispatch
import Glibc
import Synchronization

/// How many threads work side by side. Results never depend on it.
public struct ThreadCount: Sendable, Equatable {
    public let value: Int

    /// - Parameter requested: 0 means one thread for each processor; negative counts as 0.
    public init(_ requested: Int = 0) {
        value = requested > 0 ? requested : max(1, Self.processors)
    }

    /// Processors online.
    private static let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
}

/// Calls `body(worker, index)` once for each index in `0 ..< count`, up to `threads.value` at a time, and returns when all calls have.
///
/// Indices are handed out in ascending order, so put the longest work first. `worker` is in `0 ..< threads.value` and no two
/// concurrent calls share it: it can select scratch memory. With one thread everything runs in order on the caller's thread.
package func parallelFor(_ count: Int, threads: ThreadCount, _ body: @Sendable (_ worker: Int, _ index: Int) -> Void) {
    let workers = min(threads.value, count)
    if workers <= 1 {
        for index in 0..<count { body(0, index) }
        return
    }
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if index >= count { return }
            body(worker, index)
        }
    }
}

/// `body(worker, index)` for each index in `0 ..< count`, in the order of the indices whatever thread computed which.
///
/// The same hand-out as `parallelFor`.
package func parallelMap<Result: Sendable>(
    _ count: Int, threads: ThreadCount, _ body: @Sendable (_ worker: Int, _ index: Int) -> Result
) -> [Result] {
    let places = Mutex<[Result?]>(Array(repeating: nil, count: count))
    parallelFor(count, threads: threads) { worker, index in
        let result = body(worker, index)
        places.withLock { $0[index] = result }
    }
    return places.withLock { $0.compactMap { $0 } }
}
