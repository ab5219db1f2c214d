import Glibc
import Synchronization

/// The process groups under test that run now, so that a signal that ends this process ends them, too: fixed memory, no locks, no allocation.
enum RunningProcesses {
    /// As many as there may be threads.
    private static let placeCount = 1024
    private static let numbers = [SIGINT, SIGTERM, SIGHUP]

    private struct Memory {
        /// Numbers of processes, 0 where there is none.
        let places: UnsafeMutablePointer<Atomic<pid_t>>
        /// What was done before at each of `numbers`.
        let previous: UnsafeMutablePointer<sigaction>
    }

    /// Never freed. Whoever makes it installs the handlers, too.
    nonisolated(unsafe) private static let memory: Memory = {
        let places = UnsafeMutablePointer<Atomic<pid_t>>.allocate(capacity: placeCount)
        for index in 0..<placeCount { (places + index).initialize(to: Atomic(0)) }
        let previous = UnsafeMutablePointer<sigaction>.allocate(capacity: numbers.count)
        previous.initialize(repeating: sigaction(), count: numbers.count)
        for (index, number) in numbers.enumerated() {
            if sigaction(number, nil, previous + index) != 0 || isIgnored(previous[index]) { continue }
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in RunningProcesses.end(at: number) }
            sigfillset(&action.sa_mask)
            sigaction(number, &action, nil)
        }
        return Memory(places: places, previous: previous)
    }()

    /// - Returns: the place taken, nil if none is free.
    static func add(_ process: pid_t) -> Int? {
        (0..<placeCount).first { memory.places[$0].compareExchange(expected: 0, desired: process, ordering: .relaxed).exchanged }
    }

    static func remove(_ index: Int?) {
        if let index { memory.places[index].store(0, ordering: .relaxed) }
    }

    /// Ends all groups, and has done what would have been done without this handler once it returns.
    private static func end(at number: Int32) {
        for index in 0..<placeCount {
            let process = memory.places[index].load(ordering: .relaxed)
            if process > 0 { kill(-process, SIGKILL) }
        }
        var index = 0
        if number == SIGTERM { index = 1 }
        if number == SIGHUP { index = 2 }
        sigaction(number, memory.previous + index, nil)
        raise(number)
    }

    private static func isIgnored(_ present: sigaction) -> Bool {
        unsafeBitCast(present.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
