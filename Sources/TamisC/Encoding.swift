import CTamis
import Glibc
import Tamis
import TamisBits

/// A model, with what is to become of it.
private struct EncodingJob {
    let model: ModelFiles
    let options: EncodingOptions
    let run: RunSettings

    /// - Parameter open: opens the model; told whether 16-bit numbers in varints are to be rewritten.
    init(
        _ options: OpaquePointer?, _ run: UnsafePointer<tamis_run>?, open: (_ rewritesVarints: Bool) throws(TamisError) -> ModelFiles
    ) throws(TamisError) {
        let asked: OptionsHandle = Handle.object(options) ?? OptionsHandle()
        self.run = try RunSettings(run)
        self.options = try asked.recipe.options(statistics: asked.statistics?.content)
        model = try open(self.options.target != .lossless)
        try asked.statistics?.content.requireFit(model.source)
    }

    func encode(to sink: (ByteView) throws(TamisError) -> Void) throws(TamisError) {
        defer { withExtendedLifetime(model) {} }
        try run.run(total: model.source.tensors.reduce(0) { $0 + $1.shape.elementCount }) { (progress) throws(TamisError) in
            try withoutActuallyEscaping(sink) { (sink) throws(TamisError) in
                _ = try Tamis.encode(model.source, in: model.bytes, options: options, threads: run.threads, progress: progress, to: sink)
            }
        }
    }
}

@c @implementation public func tamis_encode_path(
    _ modelPath: UnsafePointer<CChar>?, _ outputPath: UnsafePointer<CChar>?, _ overwrite: CInt, _ options: OpaquePointer?,
    _ run: UnsafePointer<tamis_run>?, _ error: ErrorPlace
) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let input = try path(modelPath, "model_path")
        let output = try path(outputPath, "output_path")
        let job = try EncodingJob(options, run) { (rewritesVarints) throws(TamisError) in
            try ModelFiles(try InputFile(input), path: input, storedName: StoredName.of(path: input), rewritesVarints: rewritesVarints)
        }
        let asked: OptionsHandle? = Handle.object(options)
        let inputs = job.model.identities + [asked?.statistics?.file.identity].compactMap { $0 }
        do throws(TamisError) {
            try OutputFile.replace(output, overwrite: overwrite != 0, inputs: inputs) { (writer) throws(TamisError) in
                try job.encode { (part) throws(TamisError) in try writer.write(part) }
            }
        } catch {
            throw error.inFile(job.model.name)
        }
    }
}

@c @implementation public func tamis_encode_memory(
    _ model: UnsafeRawPointer?, _ modelSize: Int, _ fileName: UnsafePointer<CChar>?, _ options: OpaquePointer?, _ run: UnsafePointer<tamis_run>?,
    _ bytes: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ size: UnsafeMutablePointer<Int>?, _ error: ErrorPlace
) -> tamis_status {
    bytes?.pointee = nil
    size?.pointee = 0
    return answer(error) { () throws(TamisError) in
        let (bytes, size) = (try required(bytes, "bytes"), try required(size, "size"))
        let view = ByteView(unsafe: try buffer(model, modelSize, "model"))
        let name = try fileName.map { (name) throws(TamisError) in try text(name, "file_name") } ?? StoredName.of(view)
        let job = try EncodingJob(options, run) { (rewritesVarints) throws(TamisError) in
            try ModelFiles(borrowing: view, storedName: name, rewritesVarints: rewritesVarints)
        }
        let output = GrowingMemory()
        try job.encode { (part) throws(TamisError) in try output.append(part) }
        (bytes.pointee, size.pointee) = output.take()
    }
}

/// Memory of malloc that bytes are appended to.
private final class GrowingMemory {
    private var start: UnsafeMutableRawPointer?
    private var count = 0
    private var capacity = 0

    deinit { free(start) }

    /// - Throws: `limit_exceeded` if there is no more memory; the bytes so far stay.
    func append(_ bytes: ByteView) throws(TamisError) {
        if start == nil || bytes.count > capacity - count {
            let needed = max(count + bytes.count, capacity + capacity / 2, 1 << 12)
            guard let larger = realloc(start, needed) else { throw TamisError(.limitExceeded, "there is no memory for \(needed) bytes") }
            (start, capacity) = (larger, needed)
        }
        if let start { UnsafeMutableRawBufferPointer(start: start + count, count: bytes.count).copyMemory(from: bytes.buffer) }
        count += bytes.count
    }

    /// The bytes, which are the caller's to free.
    func take() -> (bytes: UnsafeMutableRawPointer?, size: Int) {
        defer { (start, count, capacity) = (nil, 0, 0) }
        return (start, count)
    }
}
