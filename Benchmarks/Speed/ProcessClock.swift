import Glibc

/// Seconds of the wall clock and those that all processors together spent on this process.
struct Duration {
    let wall: Double
    let processor: Double
}

/// A moment.
struct ProcessClock {
    private let wall: timespec
    private let processor: timespec

    static var now: ProcessClock { ProcessClock(wall: time(CLOCK_MONOTONIC), processor: time(CLOCK_PROCESS_CPUTIME_ID)) }

    static func - (end: ProcessClock, start: ProcessClock) -> Duration {
        Duration(wall: seconds(from: start.wall, to: end.wall), processor: seconds(from: start.processor, to: end.processor))
    }

    private static func time(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }

    private static func seconds(from start: timespec, to end: timespec) -> Double {
        Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) / 1e9
    }
}
