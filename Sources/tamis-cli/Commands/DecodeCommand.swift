import ArgumentParser
import Tamis
import TamisDigest
import TamisFiles
import TamisONNX

struct DecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Restore the model from a .tamis file, or one of its tensors.",
        discussion: """
            Every checksum is verified on the way; no file appears unless all is well. The output has the name that the model \
            had when it was encoded, in the directory of the input, if that is the name of a model (.onnx, .safetensors) and begins \
            with neither . nor -; else the name of the input with that ending. Files that lay beside the model come back beside it. No file \
            is replaced unless --force is given, and even then none whose name only the .tamis file chose: that takes --output.

              tamis decode model.tamis                   makes model.onnx
              tamis decode model.tamis -o copy.onnx      makes copy.onnx
              tamis decode model.tamis --single-file     puts all data into the ONNX file
              tamis decode model.tamis --external        puts them into one file, model.onnx.data
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

    @Flag(help: "One ONNX file with all data inside, also where they lay in files beside it; up to 2 GiB.")
    var singleFile = false

    @Flag(help: "The ONNX file, and one file beside it, named like it with .data appended, with the data of its larger tensors.")
    var external = false

    @Flag(help: "Skip the SHA-256 of the whole file; the checksums of its parts are verified all the same.")
    var noVerify = false

    @OptionGroup var memory: MemoryOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var reporting: ReportOptions

    func validate() throws {
        if tensor != nil && noVerify {
            throw ValidationError("--no-verify is about whole files; a single tensor is always held against its own digest")
        }
        if singleFile && external { throw ValidationError("--single-file and --external contradict each other; give one of them") }
        if tensor != nil && (singleFile || external) { throw ValidationError("--tensor is about one tensor; leave --single-file and --external out") }
        if reporting.json && (output == FilePath.pipe || output == nil && input == FilePath.pipe) {
            throw ValidationError("--json and the file itself cannot both go to standard output; give a file with --output")
        }
    }

    func run() throws {
        let input = try InputFile(input, access: tensor == nil ? .sequential : .random, limit: Limits.pipeBytes)
        if let tensor { try decode(tensor: tensor, from: input) } else { try decodeFile(from: input) }
    }

    private func decodeFile(from input: InputFile) throws(TamisError) {
        let file = try TamisFile.open(input, memory: memory, isStreamed: true)
        let destination = destination(of: file)
        let outputs = try outputs(of: file, named: FilePath.name(destination.name))
        try requireOneFile(outputs, destination)
        let total = outputs.reduce(0) { $0 + $1.pieces.byteCount }
        try write(to: destination, sideFiles: outputs.dropFirst().map(\.name), from: input) { (sink) throws(TamisError) in
            let bar = ProgressBar("decoding", total: total, isQuiet: reporting.quiet)
            defer { bar?.clear() }
            // What leaves for good is checked before: in memory, or by decoding it twice.
            if case .standardOutput = destination, !noVerify {
                if outputs.count == 1 && !singleFile && !external && total <= Self.heldBytes {
                    let bytes = try file.decodeBuffer(file: 0, threads: threads.count, verifiesFile: true)
                    return try bytes.withView { (view) throws(TamisError) in try sink(0, view) }
                }
                for number in file.files.indices { try file.decode(file: number, threads: threads.count) { (_) throws(TamisError) in } }
            }
            var done: UInt64 = 0
            for (number, output) in outputs.enumerated() {
                try file.decode(output.pieces, threads: threads.count, verifiesFiles: !noVerify, bar: bar, after: done) { (part) throws(TamisError) in
                    try sink(number, part)
                }
                done += output.pieces.byteCount
            }
        }
        if reporting.json {
            let sources = try file.summary().sources
            let isAsEncoded = !singleFile && !external
            let files = outputs.enumerated().map { number, output in
                JSONValue.object([
                    ("name", .string(output.name)), ("bytes", .integer(output.pieces.byteCount)),
                    ("sha256", isAsEncoded ? .string(Hexadecimal.text(sources[number].decodedSHA256)) : .null),
                ])
            }
            return try StandardOutput.text(
                JSONValue.object([
                    ("input", .string(self.input)), ("output", JSONValue(destination.path)), ("bytes", .integer(total)),
                    ("files", .array(files)), ("verified", .bool(!noVerify)),
                ]).text)
        }
        var text = ""
        if reporting.verbose { text += file.tensors.map { "\($0.name) \($0.shape) \($0.elementType.name)".printable + "\n" }.joined() }
        text += "\(input.name.printable) \(Decimal.bytes(UInt64(input.view.count))) → \(destination.name.printable) \(Decimal.bytes(total))"
        text += outputs.count == 1 ? "\n" : " in \(outputs.count) files\n"
        try say(text, destination)
    }

    /// Files of at most so many bytes are held in memory where they must be checked before they go.
    private static let heldBytes: UInt64 = 64 << 20

    /// A file to be written, and what it is made of.
    private struct Output {
        /// Of the first one, the name in the stream.
        let name: String
        let pieces: [FilePiece]
    }

    /// - Parameter name: of the model's file.
    private func outputs(of file: TamisFile, named name: String) throws(TamisError) -> [Output] {
        if !singleFile && !external {
            return file.files.enumerated().map { Output(name: $1.name, pieces: [.range(file: $0, 0..<$1.byteCount)]) }
        }
        let word = singleFile ? "--single-file" : "--external"
        let bytes = try file.decodeBuffer(file: 0, threads: threads.count, verifiesFile: !noVerify)
        if ModelFormat(of: bytes.view) != .onnx {
            throw TamisError(.invalidArgument, "\(word) is for ONNX models, this is another", file: input, advice: "decode it without \(word)")
        }
        let sides = file.files.dropFirst().map { ONNXModel.SideFile(location: $0.name, byteCount: $0.byteCount) }
        let isPiped = destination(of: file).path == nil
        let modelName = isPiped ? file.files[0].name : name
        return try bytes.withView { (model) throws(TamisError) in
            try ONNXEditor.plan(model, fileName: modelName, sideFiles: sides, form: singleFile ? .singleFile : .external(name: modelName + ".data"))
        }.map { plan in Output(name: plan.name, pieces: plan.pieces) }
    }

    /// Several files need a folder, and names that nobody minds.
    private func requireOneFile(_ outputs: [Output], _ destination: Destination) throws(TamisError) {
        if outputs.count == 1 { return }
        let advice = singleFile || external ? nil : "give --single-file for one ONNX file with all data inside"
        if case .standardOutput = destination {
            throw TamisError(
                .invalidArgument, "the model has \(outputs.count) files, which cannot go to standard output together", file: input,
                advice: advice ?? "give a file with -o")
        }
        for output in outputs.dropFirst() where !FilePath.isVisible(output.name) {
            throw TamisError(
                .cannotCreate, "the model has a file '\(output.name)', whose name is that of a hidden file or like an option", file: input, advice: advice)
        }
    }

    private func decode(tensor name: String, from input: InputFile) throws(TamisError) {
        let file = try TamisFile.open(input, memory: memory, access: .random)
        let destination = output.map { Destination($0, overwrite: force) } ?? defaultDestination(named: FilePath.plainName(name) + ".npy", overwrite: force)
        var found: TensorDescription?
        try write(to: destination, from: input) { (sink) throws(TamisError) in
            let (description, elements) = try file.tensor(named: name, threads: threads.count)
            found = description
            try ByteView.of(NumPyFile.start(description)) { (part) throws(TamisError) in try sink(0, part) }
            try ByteView.of(elements) { (part) throws(TamisError) in try sink(0, part) }
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
        if let words = NumPyFile.note(found.elementType), !reporting.quiet { Diagnostics.note(words) }
        try say("\(found.name) \(found.shape) \(found.elementType.name) → \(destination.name)".printable + "\n", destination)
    }

    /// Where the model goes, whose name in the stream is words of a stranger, which must not pick a file to be replaced.
    private func destination(of file: TamisFile) -> Destination {
        if let output { return Destination(output, overwrite: force) }
        let name = file.fileNames.first ?? ""
        let ending = FilePath.isModelName(name) ? FilePath.modelEnding(of: name) : "onnx"
        let own = FilePath.name(FilePath.replacingExtension(of: input, with: ending))
        let chosen = FilePath.isModelName(name) ? name : own
        return defaultDestination(named: chosen, overwrite: force && chosen.utf8.elementsEqual(own.utf8))
    }

    private func defaultDestination(named name: String, overwrite: Bool) -> Destination {
        input == FilePath.pipe ? .standardOutput : .file(FilePath.sibling(of: input, named: name), overwrite: overwrite)
    }

    private func write(
        to destination: Destination, sideFiles: [String] = [], from input: InputFile,
        _ producing: ((Int, ByteView) throws(TamisError) -> Void) throws(TamisError) -> Void
    ) throws(TamisError) {
        do throws(TamisError) {
            try destination.write(sideFiles: sideFiles, inputs: [input.identity].compactMap { $0 }, producing: producing)
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
