import Foundation

/// The Python that has the packages onnx and onnxruntime.
enum Python {
    /// TAMIS_PYTHON, else that of `scripts/setup`; nil if there is none.
    static let path: String? = {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let named = ProcessInfo.processInfo.environment["TAMIS_PYTHON"] ?? repository.appendingPathComponent(".venv/bin/python").path
        return FileManager.default.isExecutableFile(atPath: named) ? named : nil
    }()

    static let missing = "skipped: no Python with onnx and onnxruntime; run scripts/setup, or name one in TAMIS_PYTHON"

    /// Runs `script` in `folder`.
    ///
    /// - Returns: exit code and what was said to both outputs.
    static func run(_ script: String, in folder: URL) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: path ?? "python3")
        process.arguments = ["-c", script]
        process.currentDirectoryURL = folder
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }
}
