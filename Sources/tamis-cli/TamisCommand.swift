import ArgumentParser
import Glibc
import Tamis
import TamisFiles

/// The `tamis` command: what it is called with, and how it ends.
@main
struct TamisCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tamis",
        abstract: "Make neural networks small: ONNX in, .tamis out, and back.",
        discussion: """
            A .tamis file holds an ONNX model in a fraction of its size. Decoding gives an ONNX file again, with the same graph \
            and with weights as close to the original as was asked for, down to bit-exact.

              tamis encode model.onnx      makes model.tamis
              tamis decode model.tamis -f  makes model.onnx again
              tamis inspect model.tamis    says what is in it, tensor by tensor

            A file name of - stands for standard input or output. Exit codes: 0 all went well, 1 a difference was found, 64 wrong \
            usage, 65 damaged or unsuitable data, 66 no input, 69 unsupported, 70 internal fault, 73 the output exists or cannot \
            be created, 74 reading or writing failed, 77 a limit was reached.
            """,
        version: "tamis \(Tamis.version)",
        subcommands: [EncodeCommand.self, DecodeCommand.self, MergeCommand.self, InspectCommand.self, VerifyCommand.self, CompareCommand.self, ConformanceCommand.self])

    static func main() {
        OutputFile.removeTemporariesOnSignals()
        // A reader that goes away is reported by write(2), and this command decides what that means.
        signal(SIGPIPE, SIG_IGN)
        var command: (any ParsableCommand)?
        do {
            command = try parseAsRoot()
            try command?.run()
        } catch let error as TamisError {
            Diagnostics.report(error)
            Glibc.exit(ExitStatus(error).rawValue)
        } catch let code as ExitCode {
            Glibc.exit(code.rawValue)
        } catch {
            end(with: error, of: command.map { type(of: $0) })
        }
    }

    /// Ends as the argument parser wants: with a help text, a version, a completion script or a complaint.
    ///
    /// - Parameter command: which has complained itself; the parser knows those that it has not come to run.
    private static func end(with error: any Error, of command: (any ParsableCommand.Type)?) -> Never {
        let code = exitCode(for: error)
        var text = fullMessage(for: error)
        if let command, let complaint = error as? ValidationError {
            text = "\(complaint.message)\nUsage: \(usageString(for: command))"
        }
        if code.isSuccess {
            Diagnostics.exitOnFailure { () throws(TamisError) in try StandardOutput.text(text + "\n") }
            Glibc.exit(ExitStatus.success.rawValue)
        }
        let complaint = text.hasPrefix("Error: ") ? String(text.dropFirst(7)) : text
        Diagnostics.write("tamis: error: \(complaint)\n")
        Glibc.exit(code == .validationFailure ? ExitStatus.usage.rawValue : ExitStatus.internalFault.rawValue)
    }
}
