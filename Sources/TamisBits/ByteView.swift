/// A run of bytes in memory that someone else owns: a mapped file, an array, a part of either.
///
/// The one unsafe promise of this type is made where it is created: the owner keeps the memory alive and unchanged while any
/// view of it is in use. From there on every access is checked against the ends.
@safe
public struct ByteView: @unchecked Sendable {
    @usableFromInline package let buffer: UnsafeRawBufferPointer

    /// - Parameter buffer: must stay valid and unchanged for as long as the view or any part of it is used.
    @unsafe @inlinable
    public init(unsafe buffer: UnsafeRawBufferPointer) { unsafe self.buffer = buffer }

    /// No bytes.
    @inlinable
    public init() { unsafe buffer = UnsafeRawBufferPointer(start: nil, count: 0) }

    @inlinable
    public var count: Int { unsafe buffer.count }

    /// Traps outside `0 ..< count`.
    @inlinable
    public subscript(position: Int) -> UInt8 {
        precondition(position >= 0 && position < count)
        return unsafe buffer[position]
    }

    /// The part `range`, not copied; traps if it is not inside.
    @inlinable
    public subscript(range: Range<Int>) -> ByteView {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return unsafe ByteView(unsafe: UnsafeRawBufferPointer(rebasing: buffer[range]))
    }

    /// The little-endian integer at `position`, which need not be aligned; traps if it does not lie inside.
    @inlinable
    public func load<T: FixedWidthInteger & BitwiseCopyable>(_ position: Int, as type: T.Type) -> T {
        precondition(position >= 0 && count - position >= MemoryLayout<T>.size)
        return unsafe T(littleEndian: buffer.loadUnaligned(fromByteOffset: position, as: T.self))
    }

    /// A copy of the bytes.
    public var array: [UInt8] { unsafe Array(buffer) }

    /// Calls `body` with a view of `array`'s bytes, valid only during the call.
    @inlinable
    public static func of<R>(_ array: [UInt8], _ body: (ByteView) throws(TamisError) -> R) throws(TamisError) -> R {
        let result: Result<R, TamisError> = unsafe array.withUnsafeBytes { buffer in
            do throws(TamisError) { return .success(try body(unsafe ByteView(unsafe: buffer))) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

extension [UInt8] {
    /// Calls `body` with a view of the array's bytes, valid only during the call.
    package func withView<R>(_ body: (ByteView) -> R) -> R {
        unsafe withUnsafeBytes { unsafe body(ByteView(unsafe: $0)) }
    }
}
