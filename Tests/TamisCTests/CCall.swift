import CTamis

/// What a function of the C library answers: its status, and the error that it gave.
struct CCall: Equatable {
    let status: tamis_status
    var code = ""
    var message = ""
    var element: String?
    var unit: String?

    /// - Parameter call: is given the place for the error.
    init(_ call: (UnsafeMutablePointer<OpaquePointer?>) -> tamis_status) {
        // Not NULL, to see that success makes it so.
        var error = OpaquePointer(bitPattern: 8)
        status = call(&error)
        guard status != TAMIS_OK && status != TAMIS_AGAIN && status != TAMIS_END else {
            if error != nil { message = "the error was not set to NULL" }
            return
        }
        code = String(cString: tamis_error_code(error))
        message = String(cString: tamis_error_message(error))
        element = tamis_error_element(error).map { String(cString: $0) }
        unit = tamis_error_unit(error).map { String(cString: $0) }
        if tamis_error_status(error) != status { message = "the error has another status" }
        tamis_error_free(error)
    }

    static let ok = CCall { error in
        error.pointee = nil
        return TAMIS_OK
    }
}

/// A `tamis_model`, closed at the end of its life.
final class CModel {
    let handle: OpaquePointer
    private let bytes: UnsafeMutableRawBufferPointer

    init?(_ stream: [UInt8], access: tamis_access = TAMIS_OPEN_ALL, limits: tamis_limits? = nil) {
        bytes = .allocate(byteCount: max(stream.count, 1), alignment: 1)
        bytes.copyBytes(from: stream)
        var model: OpaquePointer?
        let status: tamis_status
        if var limits {
            status = tamis_open_memory(bytes.baseAddress, stream.count, access, &limits, &model, nil)
        } else {
            status = tamis_open_memory(bytes.baseAddress, stream.count, access, nil, &model, nil)
        }
        guard status == TAMIS_OK, let model else { return nil }
        handle = model
    }

    deinit {
        tamis_close(handle)
        bytes.deallocate()
    }

    var fileCount: Int { tamis_file_count(handle) }
    var tensorCount: Int { tamis_tensor_count(handle) }

    func info(ofFile number: Int) -> tamis_file_info {
        var info = tamis_file_info()
        info.size = MemoryLayout<tamis_file_info>.size
        _ = tamis_get_file_info(handle, number, &info, nil)
        return info
    }

    func info(ofTensor number: Int) -> tamis_tensor_info {
        var info = tamis_tensor_info()
        info.size = MemoryLayout<tamis_tensor_info>.size
        _ = tamis_get_tensor_info(handle, number, &info, nil)
        return info
    }

    func tensor(_ number: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0xA5, count: Int(info(ofTensor: number).byte_count))
        let size = bytes.count
        return tamis_decode_tensor(handle, number, &bytes, size, nil, nil) == TAMIS_OK ? bytes : nil
    }

    func file(_ number: Int, run: tamis_run? = nil) -> (call: CCall, bytes: [UInt8]) {
        var (bytes, size): (UnsafeMutableRawPointer?, Int) = (nil, -1)
        let call = CCall { error in
            guard var run else { return tamis_decode_file_new(handle, number, &bytes, &size, nil, error) }
            return tamis_decode_file_new(handle, number, &bytes, &size, &run, error)
        }
        defer { tamis_free(bytes) }
        return (call, bytes.map { Array(UnsafeRawBufferPointer(start: $0, count: size)) } ?? [])
    }
}

extension tamis_run {
    static var standard: tamis_run {
        var run = tamis_run()
        run.size = MemoryLayout<tamis_run>.size
        return run
    }
}

extension tamis_limits {
    /// As `Limits.streaming`, but for memory.
    static var wide: tamis_limits {
        var limits = tamis_limits()
        limits.size = MemoryLayout<tamis_limits>.size
        (limits.output_bytes, limits.tensor_bytes, limits.tensors, limits.holes) = (1 << 44, 1 << 34, 1 << 20, 1 << 22)
        (limits.files, limits.topology_bytes, limits.units) = (1 << 16, 1 << 28, 1 << 21)
        return limits
    }
}
