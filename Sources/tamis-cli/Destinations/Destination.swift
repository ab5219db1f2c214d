import TamisBits
import TamisFiles

/// Where the bytes that a command makes go: all of them, or none.
enum Destination {
    typealias Sink = (ByteView) throws(TamisError) -> Void
    /// Is given all the bytes, and what takes back the memory of a part of them that is not needed any more.
    typealias Examiner = (ByteView, @escaping @Sendable (Range<Int>) -> Void) throws(TamisError) -> Void

    case standardOutput
    case file(String, overwrite: Bool)
    /// The bytes are made, and dropped.
    case nowhere

    /// - Parameter path: a path, or `-`.
    init(_ path: String, overwrite: Bool) {
        self = path == FilePath.pipe ? .standardOutput : .file(path, overwrite: overwrite)
    }

    /// The path; nil for anything else.
    var path: String? {
        if case .file(let path, _) = self { return path }
        return nil
    }

    /// For people: the path, or `standard output`.
    var name: String { path ?? "standard output" }

    /// Makes the bytes and puts them in their place.
    ///
    /// - Parameters:
    ///   - inputs: files that must not be replaced.
    ///   - examining: called with all the bytes before they take their place; what it throws keeps them from it.
    ///   - producing: hands the bytes to its argument in order; called only if it is likely that they can be written. Without
    ///     `examining`, what goes to standard output is gone at once: nothing is to be handed over before all is known to be well.
    func write(
        inputs: [FileIdentity], examining: Examiner? = nil, producing: (Sink) throws(TamisError) -> Void
    ) throws(TamisError) {
        switch self {
        case .file(let path, let overwrite):
            var verifying: ((MappedFile) throws(TamisError) -> Void)?
            if let examining { verifying = { (file) throws(TamisError) in try file.withView { (bytes) throws(TamisError) in try examining(bytes) { file.release($0) } } } }
            try OutputFile.replace(path, overwrite: overwrite, inputs: inputs, verifying: verifying) { (writer) throws(TamisError) in
                try producing { (part) throws(TamisError) in try writer.write(part) }
            }
        case .standardOutput:
            if StandardOutput.isTerminal {
                throw TamisError(
                    .invalidArgument, "is a terminal, which cannot show these bytes", file: name,
                    advice: "give a file with -o, or connect a pipe")
            }
            guard let examining else { return try producing { (part) throws(TamisError) in try StandardOutput.write(part) } }
            try ByteView.of(try Self.collect(producing)) { (view) throws(TamisError) in
                try examining(view) { _ in }
                try StandardOutput.write(view)
            }
        case .nowhere:
            try ByteView.of(try Self.collect(producing)) { (view) throws(TamisError) in try examining?(view) { _ in } }
        }
    }

    /// As `write`, of a model and the files beside it, which come into being together.
    ///
    /// - Parameters:
    ///   - sideFiles: paths from the folder of the model on; only a file can have any.
    ///   - producing: hands the bytes of each file in order to its argument; the model is number 0.
    func write(
        sideFiles: [String], inputs: [FileIdentity], producing: ((Int, ByteView) throws(TamisError) -> Void) throws(TamisError) -> Void
    ) throws(TamisError) {
        guard !sideFiles.isEmpty, case .file(let path, let overwrite) = self else {
            return try write(inputs: inputs) { (sink) throws(TamisError) in
                try withoutActuallyEscaping(sink) { (sink) throws(TamisError) in try producing { (_, part) throws(TamisError) in try sink(part) } }
            }
        }
        OutputFiles.allowManyOpenFiles()
        try OutputFiles.replace(path, sideFiles: sideFiles, overwrite: overwrite, inputs: inputs) { (writers) throws(TamisError) in
            try producing { (file, part) throws(TamisError) in try writers.write(part, to: file) }
        }
    }

    private static func collect(_ producing: (Sink) throws(TamisError) -> Void) throws(TamisError) -> [UInt8] {
        var bytes: [UInt8] = []
        try producing { (part) throws(TamisError) in bytes.append(contentsOf: part.buffer) }
        return bytes
    }
}
