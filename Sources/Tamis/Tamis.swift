@_exported import TamisBits
@_exported import TamisDecoder
@_exported import TamisEncoder
@_exported import TamisFiles
@_exported import TamisModel
@_exported import TamisThreads
import TamisONNX
import TamisZstd

/// Neural networks in small files: encode an ONNX model, decode it again.
///
/// The two functions here serve most needs; `TamisFile` opens a stream without decoding all of it.
public enum Tamis {
    /// Version of this software.
    public static let version = "0.1.0"

    /// What streams say made them unless the options say otherwise, for example `tamis 0.1.0, libzstd 1.5.4`: the same model and
    /// options give the same bytes wherever this is the same.
    public static var encoderName: String { "tamis \(version), libzstd \(Zstandard.version)" }

    /// Encodes an ONNX model held in memory.
    ///
    /// - Parameters:
    ///   - model: the bytes of an ONNX file.
    ///   - fileName: the name the decoded file is to have; one path component.
    ///   - threads: the bytes returned do not depend on it.
    /// - Returns: a `.tamis` stream.
    /// - Throws: `invalid_model` if `model` is not ONNX; `invalid_argument` for options out of range.
    public static func encode(
        _ model: [UInt8], fileName: String = "model.onnx", options: EncodingOptions = EncodingOptions(), threads: ThreadCount = ThreadCount()
    ) throws(TamisError) -> [UInt8] {
        var stream: [UInt8] = []
        try ByteView.of(model) { (bytes) throws(TamisError) in
            // `encode` calls the sink only while it runs.
            try withoutActuallyEscaping({ (part: ByteView) throws(TamisError) in unsafe stream.append(contentsOf: part.buffer) }) { sink throws(TamisError) in
                _ = try encode(bytes, fileName: fileName, options: options, threads: threads, to: sink)
            }
        }
        return stream
    }

    /// Encodes an ONNX model of one file and hands the stream to `sink` in pieces, in order, as they come to be.
    ///
    /// - Parameters:
    ///   - model: the bytes of an ONNX file; must stay unchanged during the call.
    ///   - progress: called from any thread with the number of tensor elements coded so far.
    @discardableResult
    public static func encode(
        _ model: ByteView, fileName: String, options: EncodingOptions, threads: ThreadCount,
        progress: (@Sendable (_ elements: UInt64) -> Void)? = nil, to sink: @escaping (ByteView) throws(TamisError) -> Void
    ) throws(TamisError) -> EncodingReport {
        try encode(
            try ONNXModel.scan(model, fileName: fileName), in: SourceBytes([model]), options: options, threads: threads, progress: progress, to: sink)
    }

    /// As above, for a model whose tensors are known.
    ///
    /// - Parameters:
    ///   - source: where the tensors are in the files of the model.
    ///   - bytes: of these files; must stay unchanged during the call.
    @discardableResult
    public static func encode(
        _ source: SourceModel, in bytes: SourceBytes, options: EncodingOptions, threads: ThreadCount,
        progress: (@Sendable (_ elements: UInt64) -> Void)? = nil, to sink: @escaping (ByteView) throws(TamisError) -> Void
    ) throws(TamisError) -> EncodingReport {
        var options = options
        if options.encoderName.isEmpty { options.encoderName = encoderName }
        let encoder = try ModelEncoder(
            source: source, bytes: bytes, options: options, threads: threads, progress: progress)
        return try encoder.encode(to: sink)
    }

    /// Decodes a stream of one file held in memory, and checks every digest.
    ///
    /// - Returns: the bytes of the model file.
    /// - Throws: an error of family malformed, unsupported or limit; nothing of a damaged stream is returned.
    public static func decode(
        _ stream: [UInt8], limits: Limits = .standard, threads: ThreadCount = ThreadCount()
    ) throws(TamisError) -> [UInt8] {
        try TamisFile(bytes: stream, limits: limits).decode(threads: threads)
    }
}
