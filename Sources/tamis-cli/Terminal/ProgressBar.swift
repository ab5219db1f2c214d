import Glibc
import Synchronization

/// A line on standard error that fills while work goes on; nothing unless a person looks at it.
final class ProgressBar: Sendable {
    private static let width = 32
    /// Between two drawings.
    private static let nanoseconds: UInt64 = 100_000_000

    private let title: String
    private let total: UInt64
    private let drawn: Mutex<(at: UInt64, done: UInt64)>

    /// - Parameter total: units of work in all.
    /// - Returns: nil where a bar would be in the way.
    init?(_ title: String, total: UInt64, isQuiet: Bool) {
        if isQuiet || total == 0 || !Diagnostics.isTerminal { return nil }
        self.title = title
        self.total = total
        drawn = Mutex((Self.now, 0))
    }

    /// May be called from any thread.
    /// - Parameter done: units of work done so far.
    func update(_ done: UInt64) {
        drawn.withLock { drawn in
            let now = Self.now
            if done < drawn.done || now - drawn.at < Self.nanoseconds { return }
            drawn = (now, done)
            let share = min(Double(done) / Double(total), 1)
            let filled = Int(share * Double(Self.width))
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
            Diagnostics.write("\r\(title) [\(bar)] \(Int(share * 100)) %")
        }
    }

    /// Removes the line.
    func clear() { Diagnostics.write("\r\u{1B}[K") }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
