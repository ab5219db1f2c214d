import Glibc
import TamisBits
import TamisFiles

/// What is said on standard error.
enum Diagnostics {
    /// Whether a person looks at it.
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes `text`; what cannot be written is lost, since there is nowhere left to say so.
    static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }

    static func warn(_ message: String) { write("tamis: warning: \(message.printable)\n") }

    static func note(_ message: String) { write("tamis: \(message.printable)\n") }

    static func report(_ error: TamisError) {
        var sentence = error
        sentence.advice = nil
        write("tamis: error: \(sentence.description.printable)\n")
        if let advice = error.advice { write("tamis: \(advice.printable)\n") }
    }

    /// Runs `body`; if it fails, reports why and ends the process.
    static func exitOnFailure(_ body: () throws(TamisError) -> Void) {
        do throws(TamisError) { try body() } catch {
            report(error)
            exit(ExitStatus(error).rawValue)
        }
    }
}
