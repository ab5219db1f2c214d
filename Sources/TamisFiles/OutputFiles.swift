import Glibc
import TamisBits

/// Writes several files so that they come into being together, through a full disk or a kill: the model and the files beside it.
///
/// All bytes go to temporaries first. Only when all are on the disk do they take their names, the model last, so that no model is
/// there without its files.
public enum OutputFiles {
    /// Fills the files: 0 is the model, then the others as they were named.
    public struct Writers: ~Copyable {
        private let outputs: [PendingOutput]

        init(_ outputs: [PendingOutput]) { self.outputs = outputs }

        /// Number of files.
        public var count: Int { outputs.count }

        /// Appends to a file; positional writes do not move its end.
        /// - Throws: `input_output`; all files are then lost. `invalid_argument` if there is no such file.
        public mutating func write(_ bytes: ByteView, to file: Int) throws(TamisError) { try output(file).writer.write(bytes) }

        /// Writes anywhere in a file; bytes never written read as zero.
        /// - Throws: as above.
        public mutating func write(_ bytes: ByteView, to file: Int, at offset: UInt64) throws(TamisError) {
            try output(file).writer.write(bytes, at: offset)
        }

        private func output(_ file: Int) throws(TamisError) -> PendingOutput {
            if outputs.indices.contains(file) { return outputs[file] }
            throw TamisError(.invalidArgument, "there are \(outputs.count) files to write, none has the number \(file)")
        }
    }

    /// Replaces the files, or makes them, with what `writing` writes.
    ///
    /// After an error the old files are untouched, and temporaries and folders made are gone. The exceptions are errors of the last
    /// steps, which leave new files: when a name cannot be given, those that replaced old ones before it; when names cannot be made
    /// durable, all.
    ///
    /// - Parameters:
    ///   - path: the model; as in `OutputFile.replace`.
    ///   - sideFiles: paths from the folder of the model on, by the rules of `ModelFolder.open`; missing folders are made. No file may be
    ///     there twice, or be a folder of another.
    ///   - overwrite: whether existing files may be replaced; their permissions are kept.
    ///   - inputs: files that must not be replaced because they are being read.
    ///   - verifying: called, if given, with the number of each file and the file as it was written, before any takes its name.
    ///   - writing: called once; what it throws is thrown.
    /// - Throws: `output_exists`; `cannot_create` where there can be no such file; `invalid_argument` if a destination is one of
    ///   `inputs` or `sideFiles` contradict each other; `input_output` if writing fails.
    public static func replace(
        _ path: String, sideFiles: [String], overwrite: Bool, inputs: [FileIdentity] = [],
        verifying: ((_ number: Int, _ file: MappedFile) throws(TamisError) -> Void)? = nil,
        writing: (inout Writers) throws(TamisError) -> Void
    ) throws(TamisError) {
        var destinations = try Destinations(path, sideFiles)
        var outputs: [PendingOutput] = []
        do throws(TamisError) {
            outputs = try destinations.outputs(overwrite: overwrite, inputs: inputs)
            var writers = Writers(outputs)
            try writing(&writers)
            let mode = 0o666 & ~UserMask.current
            for (number, output) in outputs.enumerated() {
                var verifyingOne: ((MappedFile) throws(TamisError) -> Void)?
                if let verifying { verifyingOne = { (file) throws(TamisError) in try verifying(number, file) } }
                try output.finish(mode: mode, verifying: verifyingOne)
            }
            for output in outputs.dropFirst() { try output.take(overwrite: overwrite) }
            try outputs.first?.take(overwrite: overwrite)
        } catch {
            for output in outputs.reversed() { output.discard() }
            destinations.discard()
            throw error
        }
        for folder in destinations.folders.reversed() { try folder.synchronize() }
    }

    /// Lets the process have as many files open as the system allows it: each output is open until all are written.
    ///
    /// To be called by a program that owns its process.
    public static func allowManyOpenFiles() {
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 || limit.rlim_cur >= limit.rlim_max { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
