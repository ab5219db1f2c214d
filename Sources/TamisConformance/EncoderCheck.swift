import Tamis
import TamisBits
import TamisDecoder
import TamisDigest
import TamisModel
import TamisSyntax
import TamisThreads

/// Holds the stream of an encoder under test against the model it was made from.
package struct EncoderCheck: Sendable {
    /// What is reported of a stream that can be decoded.
    package struct Figures: Sendable {
        package let sourceBytes: UInt64
        package let streamBytes: UInt64
        /// What bits a weight are counted by.
        package let weightCount: UInt64
        package let level: Int
        package let tensorCount: Int
        /// Tensors of units that state a weight error above 0.
        package let changedCount: Int

        package var ratio: Double { streamBytes == 0 ? 0 : Double(sourceBytes) / Double(streamBytes) }
        /// nil for a model without weights.
        package var bitsPerWeight: Double? { weightCount == 0 ? nil : 8 * Double(streamBytes) / Double(weightCount) }
    }

    struct Fault: Error {
        let verdict: Verdict
        let message: String

        init(_ verdict: Verdict, _ message: String) {
            self.verdict = verdict
            self.message = message
        }
    }

    package private(set) var verdict = Verdict.pass
    /// Why the verdict is what it is; empty for a pass.
    package private(set) var found = ""
    /// nil if the stream is invalid.
    package private(set) var figures: Figures?

    /// - Parameters:
    ///   - stream: what the encoder wrote.
    ///   - source: the model it was given.
    ///   - namesLeftAlone: the names that tensors have which an importer leaves where they are (Spec, "Names of ONNX tensors"); names of coded
    ///     tensors among them do no harm.
    ///   - rewritten: the same with 16-bit numbers in varints rewritten, as an encoder may; nil if there are none.
    /// - Throws: errors that are not about the stream.
    package init(_ stream: InputFile, source: ModelFiles, namesLeftAlone: [String], rewritten: ModelFiles?, threads: ThreadCount) throws(TamisError) {
        let validation = try StreamValidation(stream.view, limits: .streaming, threads: threads)
        if let violation = validation.violation {
            verdict = .invalidStream
            found = violation.text
            return
        }
        let encoded = try EncodedStream.scan(stream.view, limits: .streaming)
        let stated = StatedError.all(in: stream.view)
        figures = Figures(
            sourceBytes: source.bytes.files.indices.reduce(0) { $0 + UInt64(source.bytes.asRead($1).count) }, streamBytes: UInt64(stream.view.count),
            weightCount: WeightCount.of(
                floatElements: source.source.floatElementCount,
                codedElements: encoded.topology.tensors.reduce(0) { $0 + $1.shape.elementCount }),
            level: Int(encoded.start.level), tensorCount: encoded.topology.tensors.count,
            changedCount: stated.reduce(0) { $0 + ($1.value > 0 ? $1.tensors.count : 0) })
        let decoded = try TamisFile(stream, limits: .streaming).decodeFiles(threads: threads)
        do throws(Fault) {
            try Self.checkSources(encoded, source)
            var comparison = ModelComparison(
                topology: encoded.topology, decoded: decoded.map(\.view), stated: stated, source: source, rewritten: rewritten, namesLeftAlone: namesLeftAlone)
            try comparison.checkTensors()
            try comparison.checkFiles()
            try comparison.checkImport(of: decoded)
        } catch {
            verdict = error.verdict
            found = error.message
        }
    }

    /// The parameter set names the files of the model.
    private static func checkSources(_ stream: EncodedStream, _ source: ModelFiles) throws(Fault) {
        let names = stream.topology.files.map(\.name)
        let expected = source.source.files.map(\.name)
        if names.count != expected.count { throw Fault(.wrongSource, "the stream has \(names.count.counted("file")), the model \(expected.count)") }
        // The name of the model itself is the caller's, those beside it are the model's.
        for (name, own) in zip(names, expected).dropFirst() where !name.utf8.elementsEqual(own.utf8) {
            throw Fault(.wrongSource, "the stream has a file '\(name)' in the place of '\(own)'")
        }
        for (number, stated) in stream.parameters.sources.enumerated() where number < source.bytes.files.count {
            let bytes = source.bytes.asRead(number)
            if stated.byteCount != UInt64(bytes.count) {
                throw Fault(.wrongSource, "source_bytes of '\(names[number])' is \(stated.byteCount), the file has \(bytes.count)")
            }
            let digest = unsafe SHA256.of(bytes.buffer)
            if stated.sha256 != digest {
                throw Fault(.wrongSource, "source_sha256 of '\(names[number])' is \(Hexadecimal.text(stated.sha256)), the file has \(Hexadecimal.text(digest))")
            }
        }
    }
}
