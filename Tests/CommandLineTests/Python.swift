import Foundation

/// The Python that runs the repository's scripts.
enum Python {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// TAMIS_PYTHON, else that of `scripts/setup`; nil if there is none.
    static let path: String? = {
        let named = ProcessInfo.processInfo.environment["TAMIS_PYTHON"] ?? repository.appendingPathComponent(".venv/bin/python").path
        return FileManager.default.isExecutableFile(atPath: named) ? named : nil
    }()

    static let missing = "skipped: no Python for the scripts; run scripts/setup, or name one with its packages in TAMIS_PYTHON"

    /// Runs a script of the repository.
    ///
    /// - Returns: exit code and what was said to standard error.
    static func run(_ script: String, _ arguments: [String]) throws -> (status: Int32, errors: String) {
        let outcome = try output(script, arguments)
        return (outcome.status, outcome.errors)
    }

    /// As `run`, and what was said to standard output.
    static func output(_ script: String, _ arguments: [String]) throws -> (status: Int32, output: [UInt8], errors: String) {
        let folder = try Folder()
        let running = try Tool.start(
            [repository.appendingPathComponent(script).path] + arguments, program: path ?? "python3", output: folder.path("out"), errors: folder.path("err"))
        let status = Tool.wait(for: running)
        return (status, try folder.read("out"), String(decoding: try folder.read("err"), as: UTF8.self))
    }
}
