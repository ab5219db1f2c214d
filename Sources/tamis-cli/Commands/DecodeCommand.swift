import ArgumentParser
import Tamis
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
              tamis decode model.tamis --form qdq        keeps weights as integers, for less memory
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

    @OptionGroup(title: "Which files and types") var export: ExportArguments

    @Flag(help: "Skip the SHA-256 of the whole file; the checksums of its parts are verified all the same.")
    var noVerify = false

    @OptionGroup var memory: MemoryOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var reporting: ReportOptions

    func validate() throws {
        if tensor != nil && noVerify {
            throw ValidationError("--no-verify is about whole files; a single tensor is always held against its own digest")
        }
        if tensor != nil && !export.isAsStored { throw ValidationError("--tensor is about one tensor; leave \(export.words) out") }
        if reporting.json && (output == FilePath.pipe || output == nil && input == FilePath.pipe) {
            throw ValidationError("--json and the file itself cannot both go to standard output; give a file with --output")
        }
    }

    func run() throws {
        let isWhole = tensor == nil && export.isAsStored
        if isWhole, input == FilePath.pipe, let output, output != FilePath.pipe, let pipe = InputPipe() { return try decode(from: pipe, to: output) }
        let input = try InputFile(input, access: tensor == nil ? .sequential : .random, limit: Limits.pipeBytes)
        if let tensor { try decode(tensor: tensor, from: input) } else { try decodeFile(from: input) }
    }

    private func decodeFile(from input: InputFile) throws(TamisError) {
        let file = try TamisFile.open(input, memory: memory, isStreamed: true)
        let destination = destination(of: file)
        let outputs = try outputs(of: file, destination)
        try requireOneFile(outputs.files.map(\.name), destination)
        let total = outputs.files.reduce(0) { $0 + $1.byteCount }
        try write(to: destination, sideFiles: outputs.files.dropFirst().map(\.name), from: input) { (sink) throws(TamisError) in
            let bar = ProgressBar("decoding", total: total, isQuiet: reporting.quiet)
            defer { bar?.clear() }
            // What leaves for good is checked before: in memory, or by decoding it twice.
            if case .standardOutput = destination, !noVerify {
                if outputs.files.count == 1 && total <= Self.heldBytes {
                    let bytes = try outputs.buffer(file: 0, threads: threads.count)
                    return try bytes.withView { (view) throws(TamisError) in try sink(0, view) }
                }
                for number in file.files.indices { try file.decode(file: number, threads: threads.count) { (_) throws(TamisError) in } }
            }
            var done: UInt64 = 0
            for (number, output) in outputs.files.enumerated() {
                let before = done
                try outputs.write(file: number, threads: threads.count, progress: { bar?.update(before + $0) }) { (part) throws(TamisError) in
                    try sink(number, part)
                }
                done += output.byteCount
            }
        }
        let sources = reporting.json && export.isAsStored ? try file.summary().sources : []
        let files = outputs.files.enumerated().map { number, output in
            DecodingReport.File(name: output.name, byteCount: output.byteCount, sha256: sources.isEmpty ? nil : sources[number].decodedSHA256)
        }
        try report(
            DecodingReport(
                input: self.input, inputName: input.name, inputByteCount: UInt64(input.view.count), destination: destination, files: files,
                tensors: file.tensors, isVerified: !noVerify, unchanged: outputs.notes),
            words: words(about: outputs))
    }

    /// Decodes into files while the bytes arrive.
    private func decode(from pipe: InputPipe, to path: String) throws(TamisError) {
        var decoding = PipedDecoding(pipe, memory: memory, threads: threads.count, verifiesFiles: !noVerify)
        let files = try decoding.readFiles()
        let destination = Destination.file(path, overwrite: force)
        try requireOneFile(files.map(\.name), destination)
        let bar = ProgressBar("decoding", total: files.reduce(0) { $0 + $1.byteCount }, isQuiet: reporting.quiet)
        defer { bar?.clear() }
        try decoding.write(files, to: path, overwrite: force, bar: bar)
        let digests = decoding.stream.fileDigests
        try report(
            DecodingReport(
                input: input, inputName: pipe.name, inputByteCount: decoding.stream.byteCount, destination: destination,
                files: files.enumerated().map { DecodingReport.File(name: $1.name, byteCount: $1.byteCount, sha256: digests?[$0]) },
                tensors: decoding.stream.tensors ?? [], isVerified: !noVerify))
    }

    /// - Parameter words: for people, after those of the report.
    private func report(_ report: DecodingReport, words: String = "") throws(TamisError) {
        if reporting.json { return try StandardOutput.text(report.json.text) }
        try say(report.text(isVerbose: reporting.verbose) + words, report.destination)
    }

    /// Files of at most so many bytes are held in memory where they must be checked before they go.
    private static let heldBytes: UInt64 = 64 << 20

    private func outputs(of file: TamisFile, _ destination: Destination) throws(TamisError) -> ModelExport {
        let name = destination.path == nil ? file.files.first?.name ?? "" : FilePath.name(destination.name)
        do throws(TamisError) {
            return try file.export(export.options(named: name), threads: threads.count, verifiesFiles: !noVerify)
        } catch {
            var error = error
            if error.code == .invalidArgument {
                error.message = "\(export.words): \(error.message)"
                error.file = input
            }
            throw error
        }
    }

    /// What became of the weights where another form was asked for.
    private func words(about outputs: ModelExport) -> String {
        if export.form == .float && export.dtype == nil { return "" }
        var text = "weights of \(Decimal.bytes(outputs.replacedBytes)) are stored in \(Decimal.bytes(outputs.storedBytes))"
        if outputs.notes.isEmpty { return text + "\n" }
        text += "; \(outputs.notes.count) tensor\(outputs.notes.count == 1 ? " stays" : "s stay") as \(outputs.notes.count == 1 ? "it is" : "they are")"
        text += reporting.verbose ? ":\n" : " (-v lists them)\n"
        if reporting.verbose { for note in outputs.notes { text += "  \(note.tensor): \(note.reason)".printable + "\n" } }
        return text
    }

    /// Several files need a folder, and names that nobody minds.
    private func requireOneFile(_ names: [String], _ destination: Destination) throws(TamisError) {
        if names.count == 1 { return }
        let advice = export.singleFile || export.external ? nil : "give --single-file for one ONNX file with all data inside"
        if case .standardOutput = destination {
            throw TamisError(
                .invalidArgument, "the model has \(names.count) files, which cannot go to standard output together", file: input,
                advice: advice ?? "give a file with -o")
        }
        for name in names.dropFirst() where !FilePath.isVisible(name) {
            throw TamisError(
                .cannotCreate, "the model has a file '\(name)', whose name is that of a hidden file or like an option", file: input, advice: advice)
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
