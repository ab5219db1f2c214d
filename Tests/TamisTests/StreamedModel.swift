import Tamis
import TamisBits

/// What came out of a stream that was pushed in portions.
struct StreamedModel: Equatable {
    var files: [[UInt8]] = []
    /// Those that have arrived, by their numbers.
    var tensors: [Int: [UInt8]] = [:]
    /// Bytes that had been pushed when the first tensor came.
    var firstTensorAt: UInt64?
    var uncheckedFiles: [Int] = []

    static func == (a: StreamedModel, b: StreamedModel) -> Bool { a.files == b.files && a.tensors == b.tensors }

    /// Pushes `stream` in portions of `portion` bytes, and puts the files together.
    ///
    /// - Throws: the error of the stream, or `missing` if parts of files lack, or come twice.
    static func decode(
        _ stream: [UInt8], portion: Int, limits: Limits = .standard, results: TamisStream.Results = [.tensors, .pieces], threads: Int = 2
    ) throws(TamisError) -> StreamedModel {
        let decoder = TamisStream(limits: limits, results: results, threads: ThreadCount(threads))
        var model = StreamedModel()
        var filled: [UInt64] = []
        try ByteView.of(stream) { (bytes) throws(TamisError) in
            var done = 0
            while done < bytes.count {
                let count = try decoder.push(bytes[done..<min(done + portion, bytes.count)])
                if count == 0 { throw TamisError(.missing, "nothing was taken") }
                done += count
                while let tensor = decoder.nextTensor() {
                    model.firstTensorAt = model.firstTensorAt ?? decoder.byteCount
                    if model.tensors[tensor.number] != nil { throw TamisError(.duplicate, "\(tensor.description.name) came twice") }
                    model.tensors[tensor.number] = tensor.bytes.view.array
                }
                while let piece = decoder.nextPiece() {
                    if model.files.isEmpty, let files = decoder.files {
                        model.files = files.map { [UInt8](repeating: 0, count: Int($0.byteCount)) }
                        filled = files.map { _ in 0 }
                    }
                    filled[piece.file] += UInt64(piece.bytes.count)
                    piece.bytes.view.array.withUnsafeBytes { part in
                        model.files[piece.file].withUnsafeMutableBytes { $0[Int(piece.offset)..<Int(piece.offset) + part.count].copyBytes(from: part) }
                    }
                }
            }
        }
        try decoder.finish()
        let files = decoder.files ?? []
        if model.files.isEmpty { model.files = files.map { _ in [] } }
        if results.contains(.pieces) && filled != files.map(\.byteCount) && files.contains(where: { $0.byteCount > 0 }) {
            throw TamisError(.missing, "the pieces have \(filled) bytes, the files \(files.map(\.byteCount))")
        }
        model.uncheckedFiles = decoder.uncheckedFiles
        for file in model.uncheckedFiles where results.contains(.pieces) {
            try ByteView.of(model.files[file]) { (bytes) throws(TamisError) in try decoder.check(file: file, bytes) }
        }
        return model
    }

    static func refusal(_ stream: [UInt8], portion: Int, limits: Limits = .standard) -> TamisError? {
        do throws(TamisError) {
            _ = try decode(stream, portion: portion, limits: limits, threads: 1)
            return nil
        } catch {
            return error
        }
    }
}
