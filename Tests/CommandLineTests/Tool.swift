import Foundation
import Glibc

/// The built `tamis` command, run as a process of its own.
enum Tool {
    struct Outcome {
        /// Exit code, or the negative of the number of the signal that ended the process.
        let status: Int32
        let output: [UInt8]
        let errors: String

        var text: String { String(decoding: output, as: UTF8.self) }
        /// The output as a JSON object; empty if it is none.
        var json: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(output))) as? [String: Any] ?? [:] }
    }

    struct CannotStart: Error { let reason: Int32 }

    /// Beside the test bundle, where the package manager puts all products.
    static let path: String = {
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return bundle.appendingPathComponent("tamis").path
    }()

    /// - Parameters:
    ///   - input: what standard input holds.
    ///   - output: a file to take standard output in place of the outcome.
    static func run(_ arguments: [String], input: [UInt8] = [], output: String? = nil) throws -> Outcome {
        let folder = try Folder()
        try folder.write("in", input)
        let running = try start(
            arguments, input: folder.path("in"), output: output ?? folder.path("out"), errors: folder.path("err"))
        let status = wait(for: running)
        return Outcome(
            status: status, output: output == nil ? try folder.read("out") : [], errors: String(decoding: try folder.read("err"), as: UTF8.self))
    }

    static func run(_ arguments: String..., input: [UInt8] = []) throws -> Outcome { try run(arguments, input: input) }

    /// - Parameter program: in place of the command.
    /// - Returns: the number of the process.
    static func start(
        _ arguments: [String], program: String = path, input: String = "/dev/null", output: String = "/dev/null", errors: String = "/dev/null"
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT, 0o600)
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        // Tests run on threads that block signals, and perhaps below a shell that ignores some; the command is to have neither.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var process = pid_t()
        let reason = posix_spawn(&process, program, &actions, &attributes, &words, environ)
        if reason != 0 { throw CannotStart(reason: reason) }
        return process
    }

    static func wait(for process: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }
}
