import ArgumentParser
import Tamis
import TamisFiles

struct DecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Restore the ONNX model from a .tamis file, or one of its tensors.",
        discussion: """
            Every checksum is verified on the way; nothing is written unless all is well. The output has the name that the model \
            had when it was encoded, in the directory of the input, and never replaces a file unless --force is given.

              tamis decode model.tamis                   makes model.onnx
              tamis decode model.tamis -o copy.onnx      makes copy.onnx
              curl URL | tamis decode - -o model.onnx    reads from a pipe
              tamis decode model.tamis --tensor fc.bias  makes fc.bias.npy, for numpy.load
            """)

    @Argument(help: ArgumentHelp("The .tamis file, or - for standard input.", valueName: "file.tamis"), completion: .file(extensions: ["tamis"]))
    var input: String

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Where to write, - for standard output (default: the name stored in the file).", valueName: "file"),
        completion: .file())
    var output: String?

    @Flag(name: [.short, .long], help: "Replace the output if it exists.")
    var force = false

    @Option(help: ArgumentHelp("Decode this tensor only, into a NumPy file.", valueName: "name"))
    var tensor: String?

    @Flag(help: "Skip the SHA-256 of the whole file; the checksums of its parts are verified all the same.")
    var noVerify = false

    @OptionGroup var memory: MemoryOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var verbosity: VerbosityOptions

    func validate() throws {
        if tensor != nil && noVerify {
            throw ValidationError("--no-verify is about whole files; a single tensor is always held against its own digest")
        }
    }

    func run() throws {
        let input = try InputFile(input, access: tensor == nil ? .sequential : .random, limit: Limits.pipeBytes)
        if let tensor { try decode(tensor: tensor, from: input) } else { try decodeFile(from: input) }
    }

    private func decodeFile(from input: InputFile) throws(TamisError) {
        let file = try TamisFile(input, limits: memory.limits)
        let destination = destination(named: file.fileNames.first ?? "model.onnx")
        var byteCount = 0
        try write(to: destination, from: input) { () throws(TamisError) in
            let bytes = try file.decode(threads: threads.count, verifiesFile: !noVerify, isQuiet: verbosity.quiet)
            byteCount = bytes.count
            return bytes
        }
        var text = ""
        if verbosity.verbose { text += file.tensors.map { "\($0.name) \($0.shape) \($0.elementType.name)".printable + "\n" }.joined() }
        text += "\(input.name.printable) \(Decimal.bytes(UInt64(input.view.count))) → \(destination.name.printable) \(Decimal.bytes(UInt64(byteCount)))\n"
        try say(text, destination)
    }

    private func decode(tensor name: String, from input: InputFile) throws(TamisError) {
        let file = try TamisFile(input, limits: memory.limits, access: .random)
        let destination = destination(named: FilePath.plainName(name) + ".npy")
        var found: TensorDescription?
        try write(to: destination, from: input) { () throws(TamisError) in
            let (description, elements) = try file.tensor(named: name, threads: threads.count)
            found = description
            return NumPyFile.bytes(description, elements)
        }
        guard let found else { return }
        if found.elementType == .bfloat16 && !verbosity.quiet {
            Diagnostics.note("NumPy knows no bfloat16: the values are written as the uint16 of the same bits")
        }
        try say("\(found.name) \(found.shape) \(found.elementType.name) → \(destination.name)".printable + "\n", destination)
    }

    private func destination(named name: String) -> Destination {
        if let output { return Destination(output, overwrite: force) }
        if input == FilePath.pipe { return .standardOutput }
        return .file(FilePath.sibling(of: input, named: name), overwrite: force)
    }

    private func write(to destination: Destination, from input: InputFile, _ bytes: () throws(TamisError) -> [UInt8]) throws(TamisError) {
        try destination.write(inputs: [input.identity].compactMap { $0 }) { (sink) throws(TamisError) in
            try ByteView.of(try bytes(), sink)
        }
    }

    private func say(_ text: String, _ destination: Destination) throws(TamisError) {
        if verbosity.quiet { return }
        // Standard output is the file's.
        if case .standardOutput = destination { Diagnostics.write(text) } else { try StandardOutput.text(text) }
    }
}
