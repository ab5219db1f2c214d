import TamisBits

/// A tensor's values after pruning: memory that lives as long as someone holds it.
@safe
final class PrunedValues: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    /// β, if just the magnitudes below it were pruned.
    let threshold: Double?

    /// - Parameter values: little-endian float32.
    init(_ pruner: Pruner, of values: ByteView) {
        unsafe memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(values.count, 1), alignment: 16)
        threshold = pruner.threshold
        _ = pruner.prune(values, into: unsafe ByteRegion(unsafe: UnsafeMutableRawBufferPointer(rebasing: memory[..<values.count])))
        byteCount = values.count
    }

    private let byteCount: Int

    deinit { unsafe memory.deallocate() }

    /// Valid while `self` is held.
    var view: ByteView { unsafe ByteView(unsafe: UnsafeRawBufferPointer(rebasing: memory[..<byteCount])) }
}
