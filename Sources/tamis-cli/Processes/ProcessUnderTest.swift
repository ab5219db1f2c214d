import Glibc
import Synchronization
import TamisConformance

/// A command that is not trusted to end, to be silent, or to clean up: it runs in a process group of its own, which is gone afterwards.
struct ProcessUnderTest {
    /// Kept of standard error.
    private static let mostErrorBytes = 64 << 10
    /// Seconds that a pipe may stay open after the process has ended, held by what it left behind.
    private static let patience = 0.2

    /// Held while pipes are open that a process started by another thread would inherit.
    private static let spawning = Mutex(())

    private let id: pid_t
    /// Ends of pipes; -1 once closed.
    private var outputEnd: Int32
    private var errorEnd: Int32
    private let started = Self.now
    private var output: [UInt8] = []
    private var errors: [UInt8] = []

    /// Runs a program to its end, or until its time is over.
    ///
    /// - Parameters:
    ///   - words: the program, looked for as a shell does, and its arguments.
    ///   - timeLimit: in seconds.
    static func run(_ words: [String], timeLimit: Double) -> ProcessOutcome {
        var reason: Int32 = 0
        guard var process = spawning.withLock({ _ in ProcessUnderTest(words, &reason) }) else {
            return ProcessOutcome(ending: .notStarted(String(cString: strerror(reason))), output: [], errors: "", seconds: 0, peakBytes: 0)
        }
        return process.finish(timeLimit: timeLimit)
    }

    /// - Parameter reason: the error number if the program cannot be started.
    private init?(_ words: [String], _ reason: inout Int32) {
        var output: [Int32] = [-1, -1]
        var errors: [Int32] = [-1, -1]
        if pipe(&output) != 0 {
            reason = errno
            return nil
        }
        if pipe(&errors) != 0 {
            reason = errno
            for number in output { close(number) }
            return nil
        }
        for number in output + errors { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors[1], STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What this process ignores or blocks is none of the other's.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGPIPE, SIGXFSZ] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var id = pid_t()
        reason = posix_spawnp(&id, words.first ?? "", &actions, &attributes, &arguments, environ)
        close(output[1])
        close(errors[1])
        if reason != 0 {
            close(output[0])
            close(errors[0])
            return nil
        }
        self.id = id
        outputEnd = output[0]
        errorEnd = errors[0]
    }

    private mutating func finish(timeLimit: Double) -> ProcessOutcome {
        let place = RunningProcesses.add(id)
        var forced: ProcessOutcome.Ending?
        var ended: Double?
        while true {
            let time = Self.now - started
            if time >= timeLimit {
                forced = .timedOut
                break
            }
            if ended == nil && hasEnded { ended = time }
            if let ended, outputEnd < 0 && errorEnd < 0 || time - ended > Self.patience { break }
            read(milliseconds: outputEnd < 0 && errorEnd < 0 || ended != nil ? 1 : Int32(min(50, (timeLimit - time) * 1000 + 1)))
            if output.count > ProcessOutcome.mostOutputBytes {
                forced = .tooMuchOutput
                break
            }
        }
        let seconds = Self.now - started
        // The process has not been waited for, so the number of its group is still its own.
        kill(-id, SIGKILL)
        RunningProcesses.remove(place)
        var status: Int32 = 0
        var usage = rusage()
        while wait4(id, &status, 0, &usage) < 0 && errno == EINTR {}
        for end in [outputEnd, errorEnd] where end >= 0 { close(end) }
        let ending = forced ?? (status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F))
        return ProcessOutcome(
            ending: ending, output: output, errors: String(decoding: errors, as: UTF8.self), seconds: seconds, peakBytes: UInt64(max(0, usage.ru_maxrss)) << 10)
    }

    /// Whether the process is over; it stays to be waited for.
    private var hasEnded: Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT | WNOHANG) == 0 && information.si_signo != 0
    }

    /// Takes what comes through the pipes within the time.
    private mutating func read(milliseconds: Int32) {
        var requests = [outputEnd, errorEnd].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        if poll(&requests, nfds_t(requests.count), milliseconds) <= 0 { return }
        if requests[0].revents != 0 { Self.take(&outputEnd, into: &output, most: ProcessOutcome.mostOutputBytes + 1) }
        if requests[1].revents != 0 { Self.take(&errorEnd, into: &errors, most: Self.mostErrorBytes) }
    }

    /// Reads once; what is beyond `most` is dropped.
    private static func take(_ end: inout Int32, into bytes: inout [UInt8], most: Int) {
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
            let count = Glibc.read(end, buffer.baseAddress, buffer.count)
            if count > 0 {
                bytes += buffer[..<min(count, most - bytes.count)]
            } else if count == 0 || errno != EINTR {
                close(end)
                end = -1
            }
        }
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
