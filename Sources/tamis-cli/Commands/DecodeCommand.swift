import ArgumentParser
import Tamis
import TamisDigest
import TamisFiles

struct DecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Restore the ONNX model from a .tamis file, or one of its tensors.",
        discussion: """
            Every checksum is verified on the way; nothing is written unless all is well. The output has the name that the model \
            had when it was encoded, in the directory of the input, if that name ends in .onnx and begins with neither . nor -; \
            else the name of the input, ending in .onnx. No file is replaced unless --force is given, and even then none whose \
            name only the .tamis file chose: that takes --output, unless the name is the input's own, ending in .onnx.

              tamis decode model.tamis                   makes model.onnx
              tamis decode model.tamis -o copy.onnx      makes copy.onnx
              curl URL | tamis decode - -o model.onnx    reads from a pipe
              tamis decode model.tamis --tensor fc.bias  makes fc.bias.npy, for numpy.load
            """)

    @Argument(help: ArgumentHelp("The .tamis file, or - for standard input.", valueName: "file.tamis"), completion: .file(extensions: ["tamis"]))
    var input: String

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Where to write, - for standard output (default: the name stored in the file, if it ends in .onnx).", valueName: "file"),
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
    @OptionGroup var reporting: ReportOptions

    func validate() throws {
        if tensor != nil && noVerify {
            throw ValidationError("--no-verify is about whole files; a single tensor is always held against its own digest")
        }
        if reporting.json && (output == FilePath.pipe || output == nil && input == FilePath.pipe) {
            throw ValidationError("--json and the file itself cannot both go to standard output; give a file with --output")
        }
    }

    func run() throws {
        let input = try InputFile(input, access: tensor == nil ? .sequential : .random, limit: Limits.pipeBytes)
        if let tensor { try decode(tensor: tensor, from: input) } else { try decodeFile(from: input) }
    }

    private func decodeFile(from input: InputFile) throws(TamisError) {
        let file = try TamisFile.open(input, memory: memory)
        let destination = destination(storedName: file.fileNames.first ?? "")
        var byteCount = 0
        try write(to: destination, from: input) { (sink) throws(TamisError) in
            let decoded = try file.decodeBuffer(threads: threads.count, verifiesFile: !noVerify, isQuiet: reporting.quiet)
            try decoded.withView(sink)
            byteCount = decoded.view.count
        }
        if reporting.json {
            let sources = try file.summary().sources
            let files = zip(zip(file.fileNames, file.fileByteCounts), sources).map { file, source in
                JSONValue.object([
                    ("name", .string(file.0)), ("bytes", .integer(file.1)), ("sha256", .string(Hexadecimal.text(source.decodedSHA256))),
                ])
            }
            return try StandardOutput.text(
                JSONValue.object([
                    ("input", .string(self.input)), ("output", JSONValue(destination.path)), ("bytes", .integer(UInt64(byteCount))),
                    ("files", .array(files)), ("verified", .bool(!noVerify)),
                ]).text)
        }
        var text = ""
        if reporting.verbose { text += file.tensors.map { "\($0.name) \($0.shape) \($0.elementType.name)".printable + "\n" }.joined() }
        text += "\(input.name.printable) \(Decimal.bytes(UInt64(input.view.count))) → \(destination.name.printable) \(Decimal.bytes(UInt64(byteCount)))\n"
        try say(text, destination)
    }

    private func decode(tensor name: String, from input: InputFile) throws(TamisError) {
        let file = try TamisFile.open(input, memory: memory, access: .random)
        let destination = output.map { Destination($0, overwrite: force) } ?? defaultDestination(named: FilePath.plainName(name) + ".npy", overwrite: force)
        var found: TensorDescription?
        try write(to: destination, from: input) { (sink) throws(TamisError) in
            let (description, elements) = try file.tensor(named: name, threads: threads.count)
            found = description
            try ByteView.of(NumPyFile.start(description), sink)
            try ByteView.of(elements, sink)
        }
        guard let found else { return }
        if reporting.json {
            return try StandardOutput.text(
                JSONValue.object([
                    ("input", .string(self.input)), ("output", JSONValue(destination.path)), ("name", .string(found.name)),
                    ("shape", .array(found.shape.dimensions.map { .integer($0) })), ("element_type", .string(found.elementType.name)),
                    ("bytes", JSONValue.integer(found.byteCount ?? 0)),
                ]).text)
        }
        if found.elementType == .bfloat16 && !reporting.quiet {
            Diagnostics.note("NumPy knows no bfloat16: the values are written as the uint16 of the same bits")
        }
        try say("\(found.name) \(found.shape) \(found.elementType.name) → \(destination.name)".printable + "\n", destination)
    }

    /// Where the file goes, whose name in the stream is `name`: words of a stranger, which must not pick a file to be replaced.
    private func destination(storedName name: String) -> Destination {
        if let output { return Destination(output, overwrite: force) }
        let own = FilePath.name(FilePath.replacingExtension(of: input, with: "onnx"))
        let chosen = FilePath.isModelName(name) ? name : own
        return defaultDestination(named: chosen, overwrite: force && chosen.utf8.elementsEqual(own.utf8))
    }

    private func defaultDestination(named name: String, overwrite: Bool) -> Destination {
        input == FilePath.pipe ? .standardOutput : .file(FilePath.sibling(of: input, named: name), overwrite: overwrite)
    }

    private func write(to destination: Destination, from input: InputFile, _ producing: (Destination.Sink) throws(TamisError) -> Void) throws(TamisError) {
        do throws(TamisError) {
            try destination.write(inputs: [input.identity].compactMap { $0 }, producing: producing)
        } catch {
            var error = error
            if force && error.code == .outputExists {
                error.advice = "its name comes from the .tamis file only, and --force is not for that; give the name with -o to replace it"
            }
            throw error
        }
    }

    private func say(_ text: String, _ destination: Destination) throws(TamisError) {
        if reporting.quiet { return }
        // Standard output is the file's.
        if case .standardOutput = destination { Diagnostics.write(text) } else { try StandardOutput.text(text) }
    }
}
