/// How a process under test ended, and what it said.
package struct ProcessOutcome: Sendable, Equatable {
    package enum Ending: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
        /// It was ended when its time was over.
        case timedOut
        /// It was ended since it wrote more than is taken.
        case tooMuchOutput
        /// There is no such program, or it cannot be started; with the reason.
        case notStarted(String)
    }

    package let ending: Ending
    /// Standard output.
    package let output: [UInt8]
    /// The beginning of standard error.
    package let errors: String
    package let seconds: Double
    /// Largest resident set. A process begins as a copy of its parent, so small ones show the parent's.
    package let peakBytes: UInt64

    package init(ending: Ending, output: [UInt8], errors: String, seconds: Double, peakBytes: UInt64) {
        self.ending = ending
        self.output = output
        self.errors = errors
        self.seconds = seconds
        self.peakBytes = peakBytes
    }

    /// The first line of standard error that is not blank, cut short.
    package var firstComplaint: String? {
        let lines = errors.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }
        return lines.first { !$0.isEmpty }.map { $0.count > 160 ? $0.prefix(160) + "…" : String($0) }
    }

    /// With the first complaint, if there is one.
    package func described(_ text: String) -> String { firstComplaint.map { "\(text): \($0)" } ?? text }

    /// What is wrong if the process did not end by itself; nil if it did.
    package func failure(timeLimit: Double) -> (verdict: Verdict, found: String)? {
        switch ending {
        case .exited: nil
        case .timedOut: (.timeout, described("no answer within \(timeLimit == timeLimit.rounded() ? "\(Int(timeLimit))" : "\(timeLimit)") s"))
        case .signalled(let number): (.crash, described("ended by signal \(number)" + (Self.signalNames[number].map { " (\($0))" } ?? "")))
        case .tooMuchOutput: (.protocolError, "it wrote more than \(Self.mostOutputBytes >> 20) MiB to standard output")
        case .notStarted(let reason): (.protocolError, "the command cannot be started: \(reason)")
        }
    }

    /// Of standard output.
    package static let mostOutputBytes = 16 << 20

    private static let signalNames: [Int32: String] = [
        1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE",
        15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
    ]
}
