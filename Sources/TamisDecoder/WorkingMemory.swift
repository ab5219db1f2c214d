import TamisBits

/// Memory that a decoder fills, for as long as the object exists.
package protocol WorkingMemory: AnyObject, Sendable {
    var region: ByteRegion { get }
}

/// Makes memory of so many bytes, or throws `limit_exceeded` where there is none.
package typealias MemorySource = @Sendable (_ byteCount: UInt64) throws(TamisError) -> any WorkingMemory

/// Memory of the heap, whose lack ends the process: for sizes that a constant bounds.
final class HeapMemory: WorkingMemory {
    let region: ByteRegion

    init(byteCount: Int) {
        unsafe region = ByteRegion(unsafe: UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16))
    }

    deinit { unsafe region.buffer.deallocate() }
}

extension HeapMemory {
    /// Memory of the heap for at most the bytes of a group, of `source` for more.
    static func orMore(_ byteCount: Int, from source: MemorySource) throws(TamisError) -> any WorkingMemory {
        byteCount <= CodedGroup.mostBytes ? HeapMemory(byteCount: byteCount) : try source(UInt64(byteCount))
    }
}
