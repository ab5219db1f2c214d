import CTamis
import Glibc
import Tamis
import TamisBits

@c @implementation public func tamis_decode_file(
    _ model: OpaquePointer?, _ file: Int, _ buffer: UnsafeMutableRawPointer?, _ capacity: Int, _ run: UnsafePointer<tamis_run>?, _ error: ErrorPlace
) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let model: ModelHandle = try Handle.object(model, "model")
        let region = try region(buffer, capacity: capacity, size: Int(model.files.require(file)))
        try model.decode(file, into: region, RunSettings(run))
    }
}

@c @implementation public func tamis_decode_file_new(
    _ model: OpaquePointer?, _ file: Int, _ bytes: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ size: UnsafeMutablePointer<Int>?,
    _ run: UnsafePointer<tamis_run>?, _ error: ErrorPlace
) -> tamis_status {
    bytes?.pointee = nil
    size?.pointee = 0
    return answer(error) { () throws(TamisError) in
        let model: ModelHandle = try Handle.object(model, "model")
        let (bytes, size, run) = (try required(bytes, "bytes"), try required(size, "size"), try RunSettings(run))
        let count = Int(try model.files.require(file))
        guard let memory = malloc(max(count, 1)) else { throw TamisError(.limitExceeded, "there is no memory for \(count) bytes") }
        do throws(TamisError) {
            try model.decode(file, into: ByteRegion(unsafe: UnsafeMutableRawBufferPointer(start: memory, count: count)), run)
        } catch {
            free(memory)
            throw error
        }
        bytes.pointee = memory
        size.pointee = count
    }
}

extension ModelHandle {
    fileprivate func decode(_ number: Int, into region: ByteRegion, _ run: RunSettings) throws(TamisError) {
        let total = file.elementCount(ofFile: number)
        try run.run(total: total) { (progress) throws(TamisError) in
            try file.decode(file: number, into: region, threads: run.threads, verifiesFile: run.verifiesFiles, progress: progress)
        }
    }
}

@c @implementation public func tamis_decode_tensor(
    _ model: OpaquePointer?, _ tensor: Int, _ buffer: UnsafeMutableRawPointer?, _ capacity: Int, _ run: UnsafePointer<tamis_run>?,
    _ error: ErrorPlace
) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let model: ModelHandle = try Handle.object(model, "model")
        let (description, run) = (try model.tensors.require(tensor), try RunSettings(run))
        let region = try region(buffer, capacity: capacity, size: Int(clamping: description.byteCount ?? .max))
        try run.run(total: description.shape.elementCount) { (progress) throws(TamisError) in
            try model.file.decode(tensor: tensor, into: region, threads: run.threads, progress: progress)
        }
    }
}

@c @implementation public func tamis_decode_rows(
    _ model: OpaquePointer?, _ tensor: Int, _ firstRow: UInt64, _ rowCount: UInt64, _ buffer: UnsafeMutableRawPointer?, _ capacity: Int,
    _ run: UnsafePointer<tamis_run>?, _ error: ErrorPlace
) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let model: ModelHandle = try Handle.object(model, "model")
        let (description, run) = (try model.tensors.require(tensor), try RunSettings(run))
        let range = try model.file.bytes(ofRows: firstRow, count: rowCount, ofTensor: tensor)
        let region = try region(buffer, capacity: capacity, size: range.count)
        try run.run(total: description.shape.elementCount) { (progress) throws(TamisError) in
            try model.file.decode(rows: firstRow, count: rowCount, ofTensor: tensor, into: region, threads: run.threads, progress: progress)
        }
    }
}

@c @implementation public func tamis_verify(_ model: OpaquePointer?, _ run: UnsafePointer<tamis_run>?, _ error: ErrorPlace) -> tamis_status {
    answer(error) { () throws(TamisError) in
        let model: ModelHandle = try Handle.object(model, "model")
        let run = try RunSettings(run)
        let pieces = model.file.files.enumerated().map { FilePiece.range(file: $0, 0..<$1.byteCount) }
        try run.run(total: pieces.byteCount) { (progress) throws(TamisError) in
            try model.file.decode(pieces, threads: run.threads, verifiesFiles: run.verifiesFiles, progress: progress) { _ in }
        }
    }
}
