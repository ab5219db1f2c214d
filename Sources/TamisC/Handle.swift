import TamisBits

/// An object of this library as C holds it: a pointer that keeps it alive until it is released.
enum Handle {
    static func retained(_ object: some AnyObject) -> OpaquePointer { OpaquePointer(Unmanaged.passRetained(object).toOpaque()) }

    /// The object behind a pointer that `retained` gave.
    static func object<Object: AnyObject>(_ handle: OpaquePointer?, _ name: StaticString) throws(TamisError) -> Object {
        Unmanaged<Object>.fromOpaque(UnsafeRawPointer(try required(handle, name))).takeUnretainedValue()
    }

    /// As `object`, nil for NULL.
    static func object<Object: AnyObject>(_ handle: OpaquePointer?) -> Object? {
        handle.map { Unmanaged<Object>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }

    static func release<Object: AnyObject>(_ handle: OpaquePointer?, _ type: Object.Type) {
        if let handle { Unmanaged<Object>.fromOpaque(UnsafeRawPointer(handle)).release() }
    }
}

/// The argument called `name`.
///
/// - Throws: `invalid_argument` if it is NULL.
func required<Pointer>(_ pointer: Pointer?, _ name: StaticString) throws(TamisError) -> Pointer {
    guard let pointer else { throw TamisError(.invalidArgument, "the argument '\(name)' is NULL", element: "\(name)") }
    return pointer
}

/// The text of the argument called `name`.
///
/// - Throws: `invalid_argument` if it is NULL or not UTF-8.
func text(_ pointer: UnsafePointer<CChar>?, _ name: StaticString) throws(TamisError) -> String {
    guard let text = String(validatingCString: try required(pointer, name)) else {
        throw TamisError(.invalidArgument, "the argument '\(name)' is not UTF-8 text", element: "\(name)")
    }
    return text
}

/// A path, by which `-` is a file like any other.
func path(_ pointer: UnsafePointer<CChar>?, _ name: StaticString) throws(TamisError) -> String {
    let path = try text(pointer, name)
    return path == "-" ? "./-" : path
}

/// The bytes that an argument called `name` points at.
///
/// - Throws: `invalid_argument` if it is NULL although there are bytes, or if there are more than memory can have.
func buffer(_ pointer: UnsafeRawPointer?, _ size: Int, _ name: StaticString) throws(TamisError) -> UnsafeRawBufferPointer {
    if size < 0 { throw TamisError(.invalidArgument, "the size of '\(name)' is no size: \(UInt(bitPattern: size)) bytes", element: "\(name)") }
    return UnsafeRawBufferPointer(start: size == 0 ? nil : try required(pointer, name), count: size)
}

/// The first `size` bytes of a buffer that has room for `capacity`.
///
/// - Throws: `invalid_argument` if they do not fit.
func region(_ pointer: UnsafeMutableRawPointer?, capacity: Int, size: Int) throws(TamisError) -> ByteRegion {
    if capacity >= 0 && capacity < size {
        throw TamisError(.invalidArgument, "the buffer has room for \(capacity) bytes, \(size) are needed", element: "capacity")
    }
    let whole = try buffer(pointer, capacity, "buffer")
    return ByteRegion(unsafe: UnsafeMutableRawBufferPointer(mutating: UnsafeRawBufferPointer(rebasing: whole[..<size])))
}
