/// Memory for output that several threads fill side by side, each its own part.
///
/// As with `ByteView`, the unsafe promise is made where the region is created: the memory stays valid while the region is used,
/// and whoever splits it hands no byte to two threads.
@safe
public struct ByteRegion: @unchecked Sendable {
    @usableFromInline package let buffer: UnsafeMutableRawBufferPointer

    /// - Parameter buffer: must stay valid for as long as the region or any part of it is used.
    @unsafe @inlinable
    public init(unsafe buffer: UnsafeMutableRawBufferPointer) { unsafe self.buffer = buffer }

    @inlinable
    public var count: Int { unsafe buffer.count }

    /// The part `range`; traps if it is not inside.
    @inlinable
    public subscript(range: Range<Int>) -> ByteRegion {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return unsafe ByteRegion(unsafe: UnsafeMutableRawBufferPointer(rebasing: buffer[range]))
    }

    /// Copies `source` to the start; traps if it does not fit.
    @inlinable
    public func copy(from source: ByteView) {
        precondition(source.count <= count)
        if source.count > 0 { unsafe buffer.copyMemory(from: source.buffer) }
    }

    /// Moves `count` bytes within the region; source and target may overlap; traps if either is not inside.
    @inlinable
    public func move(from source: Int, to target: Int, count moved: Int) {
        precondition(source >= 0 && target >= 0 && moved >= 0 && count - source >= moved && count - target >= moved)
        guard moved > 0, source != target, let base = unsafe buffer.baseAddress else { return }
        unsafe (base + target).copyMemory(from: base + source, byteCount: moved)
    }

    /// The same bytes, for reading once the writing is over.
    @inlinable
    public var view: ByteView { unsafe ByteView(unsafe: UnsafeRawBufferPointer(buffer)) }
}

extension [UInt8] {
    /// Calls `body` with the array's memory, valid only during the call.
    package mutating func withRegion<R>(_ body: (ByteRegion) throws(TamisError) -> R) throws(TamisError) -> R {
        let result: Result<R, TamisError> = unsafe withUnsafeMutableBytes { buffer in
            do throws(TamisError) { return .success(try body(unsafe ByteRegion(unsafe: buffer))) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
