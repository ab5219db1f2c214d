import CTamis
import Tamis
import TamisBits

/// What is behind a `tamis_stream`. Used by one thread at a time.
///
/// What comes to be is kept here until it is fetched, so that a caller may push any number of bytes at once.
final class StreamHandle {
    private let stream: TamisStream
    private let run: RunSettings
    private var pushed: UInt64 = 0
    private var isFinished = false
    private var tensors = Queue<TamisStream.Tensor>()
    private var pieces = Queue<TamisStream.Piece>()
    /// What the caller looks at.
    private var shown: TamisStream.Bytes?
    /// Once the stream has told.
    private(set) var tables: (files: FileTable, tensors: TensorTable)?

    init(_ results: TamisStream.Results, limits: Limits, _ run: RunSettings) {
        stream = TamisStream(limits: limits, results: results, threads: run.threads, verifiesFiles: run.verifiesFiles)
        self.run = run
    }

    func push(_ bytes: ByteView) throws(TamisError) {
        shown = nil
        if isFinished && bytes.count > 0 { throw TamisError(.invalidArgument, "the stream is finished, expected no more bytes", element: "bytes") }
        // Results of units before a fault may be there.
        defer { collect() }
        try run.threads.checkCancellation()
        var rest = bytes
        while rest.count > 0 {
            let taken = try stream.push(rest)
            collect()
            rest = rest[taken..<rest.count]
            pushed += UInt64(taken)
            run.tell(pushed)
        }
    }

    func finish() throws(TamisError) {
        shown = nil
        try run.threads.checkCancellation()
        try stream.finish()
        isFinished = true
    }

    private func collect() {
        while let tensor = stream.nextTensor() { tensors.append(tensor) }
        while let piece = stream.nextPiece() { pieces.append(piece) }
        if tables == nil, let files = stream.files, let own = stream.tensors {
            tables = (FileTable(files.map { ($0.name, $0.byteCount) }), TensorTable(own))
        }
    }

    /// nil if none waits.
    func nextTensor() -> (number: Int, bytes: ByteView)? {
        shown = nil
        guard let next = tensors.removeFirst() else { return nil }
        shown = next.bytes
        return (next.number, next.bytes.view)
    }

    /// nil if none waits.
    func nextPiece() -> (file: Int, offset: UInt64, bytes: ByteView)? {
        shown = nil
        guard let next = pieces.removeFirst() else { return nil }
        shown = next.bytes
        return (next.file, next.offset, next.bytes.view)
    }

    /// What to answer when nothing waits.
    var emptyStatus: tamis_status { isFinished ? TAMIS_END : TAMIS_AGAIN }

    /// Whether the SHA-256 of a file has been compared.
    ///
    /// - Throws: `invalid_argument` if there is no such file.
    func isChecked(_ file: Int) throws(TamisError) -> Bool {
        guard let tables else { throw .noSuch("file", file, of: 0) }
        try tables.files.require(file)
        return isFinished && run.verifiesFiles && !stream.uncheckedFiles.contains(file)
    }
}

/// First in, first out.
private struct Queue<Element> {
    private var elements: [Element?] = []
    private var first = 0

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func removeFirst() -> Element? {
        if first == elements.count {
            elements.removeAll(keepingCapacity: true)
            first = 0
            return nil
        }
        defer {
            elements[first] = nil
            first += 1
        }
        return elements[first]
    }
}

@c @implementation public func tamis_stream_new(
    _ wanted: CInt, _ limits: UnsafePointer<tamis_limits>?, _ run: UnsafePointer<tamis_run>?, _ stream: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: ErrorPlace
) -> tamis_status {
    stream?.pointee = nil
    return answer(error) { () throws(TamisError) in
        let stream = try required(stream, "stream")
        if !(1...3).contains(wanted) {
            throw TamisError(.invalidArgument, "what is wanted is \(wanted), expected TAMIS_STREAM_TENSORS, TAMIS_STREAM_PIECES or both", element: "wanted")
        }
        let results = TamisStream.Results(rawValue: Int(wanted))
        stream.pointee = Handle.retained(StreamHandle(results, limits: try Limits(limits), try RunSettings(run)))
    }
}

@c @implementation public func tamis_stream_push(_ stream: OpaquePointer?, _ bytes: UnsafeRawPointer?, _ size: Int, _ error: ErrorPlace) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let stream: StreamHandle = try Handle.object(stream, "stream")
        try stream.push(ByteView(unsafe: try buffer(bytes, size, "bytes")))
    }
}

@c @implementation public func tamis_stream_finish(_ stream: OpaquePointer?, _ error: ErrorPlace) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let stream: StreamHandle = try Handle.object(stream, "stream")
        try stream.finish()
    }
}

private func content(_ stream: OpaquePointer?) -> StreamHandle? { Handle.object(stream) }

@c @implementation public func tamis_stream_file_count(_ stream: OpaquePointer?) -> Int { content(stream)?.tables?.files.count ?? 0 }

@c @implementation public func tamis_stream_get_file_info(
    _ stream: OpaquePointer?, _ file: Int, _ info: UnsafeMutablePointer<tamis_file_info>?, _ error: ErrorPlace
) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let stream: StreamHandle = try Handle.object(stream, "stream")
        guard let tables = stream.tables else { throw .noSuch("file", file, of: 0) }
        try tables.files.write(file, to: info)
    }
}

@c @implementation public func tamis_stream_file_is_checked(
    _ stream: OpaquePointer?, _ file: Int, _ isChecked: UnsafeMutablePointer<CInt>?, _ error: ErrorPlace
) -> tamis_status {
    isChecked?.pointee = 0
    return answer(error) { () throws(TamisError) in
        let stream: StreamHandle = try Handle.object(stream, "stream")
        try required(isChecked, "is_checked").pointee = try stream.isChecked(file) ? 1 : 0
    }
}

@c @implementation public func tamis_stream_next_tensor(
    _ stream: OpaquePointer?, _ info: UnsafeMutablePointer<tamis_tensor_info>?, _ bytes: UnsafeMutablePointer<UnsafeRawPointer?>?,
    _ size: UnsafeMutablePointer<Int>?, _ error: ErrorPlace
) -> tamis_status {
    bytes?.pointee = nil
    size?.pointee = 0
    return answerStatus(error) { () throws(TamisError) in
        let stream: StreamHandle = try Handle.object(stream, "stream")
        let (info, bytes, size) = (try required(info, "info"), try required(bytes, "bytes"), try required(size, "size"))
        // What cannot be written to does not cost a tensor.
        try tamis_tensor_info.check(info)
        guard let next = stream.nextTensor(), let tables = stream.tables else { return stream.emptyStatus }
        try tables.tensors.write(next.number, to: info)
        (bytes.pointee, size.pointee) = (next.bytes.start, next.bytes.count)
        return TAMIS_OK
    }
}

@c @implementation public func tamis_stream_next_piece(
    _ stream: OpaquePointer?, _ file: UnsafeMutablePointer<Int>?, _ offset: UnsafeMutablePointer<UInt64>?,
    _ bytes: UnsafeMutablePointer<UnsafeRawPointer?>?, _ size: UnsafeMutablePointer<Int>?, _ error: ErrorPlace
) -> tamis_status {
    file?.pointee = 0
    offset?.pointee = 0
    bytes?.pointee = nil
    size?.pointee = 0
    return answerStatus(error) { () throws(TamisError) in
        let stream: StreamHandle = try Handle.object(stream, "stream")
        let (file, offset) = (try required(file, "file"), try required(offset, "offset"))
        let (bytes, size) = (try required(bytes, "bytes"), try required(size, "size"))
        guard let next = stream.nextPiece() else { return stream.emptyStatus }
        (file.pointee, offset.pointee) = (next.file, next.offset)
        (bytes.pointee, size.pointee) = (next.bytes.start, next.bytes.count)
        return TAMIS_OK
    }
}

extension ByteView {
    /// Not NULL, even if there are no bytes.
    fileprivate var start: UnsafeRawPointer? { buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 16) }
}

@c @implementation public func tamis_stream_free(_ stream: OpaquePointer?) { Handle.release(stream, StreamHandle.self) }
