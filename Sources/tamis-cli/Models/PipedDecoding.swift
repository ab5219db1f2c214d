import Tamis
import TamisFiles

/// Decodes a stream while it comes through a pipe, into files that take their names when all is well.
///
/// Memory does not depend on how long the stream is or how large its files are, see `TamisStream`.
struct PipedDecoding {
    let stream: TamisStream
    private let pipe: InputPipe
    /// What has been read, and not been pushed.
    private var rest = ByteView()

    /// - Parameter memory: the limits of decoding.
    init(_ pipe: InputPipe, memory: MemoryOptions, threads: ThreadCount, verifiesFiles: Bool) {
        self.pipe = pipe
        stream = TamisStream(limits: memory.streamingLimits, results: .pieces, threads: threads, verifiesFiles: verifiesFiles)
    }

    /// Reads until the stream has told which files it decodes to.
    mutating func readFiles() throws(TamisError) -> [TamisFile.File] {
        while true {
            if let files = stream.files { return files }
            if !(try feed()) { try naming { () throws(TamisError) in try stream.finish() } }
        }
    }

    /// Decodes all, and puts the files in their places.
    ///
    /// - Parameters:
    ///   - path: of the model.
    ///   - files: as `readFiles` gives them; others than the first go beside the model by their names.
    mutating func write(_ files: [TamisFile.File], to path: String, overwrite: Bool, bar: ProgressBar?) throws(TamisError) {
        OutputFiles.allowManyOpenFiles()
        let stream = stream
        let name = pipe.name
        try OutputFiles.replace(
            path, sideFiles: files.dropFirst().map(\.name), overwrite: overwrite,
            verifying: { (number, file) throws(TamisError) in
                guard stream.uncheckedFiles.contains(number) else { return }
                do throws(TamisError) {
                    try file.withView { (bytes) throws(TamisError) in try stream.check(file: number, bytes) }
                } catch {
                    throw error.inFile(name)
                }
            },
            writing: { (writers) throws(TamisError) in
                var done: UInt64 = 0
                repeat {
                    while let piece = stream.nextPiece() {
                        try piece.bytes.withView { (bytes) throws(TamisError) in try writers.write(bytes, to: piece.file, at: piece.offset) }
                        done += UInt64(piece.bytes.count)
                        bar?.update(done)
                    }
                } while try feed()
                try naming { () throws(TamisError) in try stream.finish() }
            })
    }

    /// Pushes what there is, or waits for more.
    ///
    /// - Returns: false at the end of the pipe.
    private mutating func feed() throws(TamisError) -> Bool {
        if rest.count == 0 { rest = try pipe.read() }
        if rest.count == 0 { return false }
        let (stream, bytes) = (stream, rest)
        let count = try naming { () throws(TamisError) in try stream.push(bytes) }
        rest = rest[count..<rest.count]
        return true
    }

    /// Runs `body`, and says of its errors what they are about and what can be done at the command.
    private func naming<R>(_ body: () throws(TamisError) -> R) throws(TamisError) -> R {
        do throws(TamisError) { return try body() } catch { throw error.inFile(pipe.name).advisingAboutLimits(hasMemoryOption: true) }
    }
}
