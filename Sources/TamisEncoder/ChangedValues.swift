import TamisBits
import TamisModel
import TamisQuantization

/// Values of a tensor that were changed before they are quantized, or are of another type in the file: memory that lives as long as
/// someone holds it.
@safe
final class ChangedValues: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    private let byteCount: Int
    /// β, if magnitudes below it were pruned, and nothing else was changed.
    let threshold: Double?

    /// Prunes.
    ///
    /// - Parameter values: little-endian float32.
    convenience init(_ pruner: Pruner, of values: ByteView) {
        self.init(byteCount: values.count, threshold: pruner.threshold)
        _ = pruner.prune(values, into: unsafe ByteRegion(unsafe: UnsafeMutableRawBufferPointer(rebasing: memory[..<byteCount])))
    }

    /// Adds.
    ///
    /// - Parameters:
    ///   - values: little-endian float32.
    ///   - correction: as many numbers; what would not be finite stays as it is.
    convenience init(adding correction: [Double], to values: ByteView) {
        precondition(values.count == correction.count * 4)
        self.init(byteCount: values.count, threshold: nil)
        for (i, addend) in correction.enumerated() {
            let value = Float(bitPattern: values.load(i * 4, as: UInt32.self))
            let sum = Float(Double(value) + addend)
            unsafe memory.storeBytes(of: (sum.isFinite ? sum : value).bitPattern.littleEndian, toByteOffset: i * 4, as: UInt32.self)
        }
    }

    /// Widens.
    ///
    /// - Parameter elements: float16 or bfloat16.
    convenience init(widening elements: ByteView, from type: ElementType) {
        self.init(byteCount: elements.count * 2, threshold: nil)
        HalfPrecision.widen(elements, from: type, into: unsafe ByteRegion(unsafe: UnsafeMutableRawBufferPointer(rebasing: memory[..<byteCount])))
    }

    private init(byteCount: Int, threshold: Double?) {
        unsafe memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(byteCount, 1), alignment: 16)
        self.byteCount = byteCount
        self.threshold = threshold
    }

    deinit { unsafe memory.deallocate() }

    /// Valid while `self` is held.
    var view: ByteView { unsafe ByteView(unsafe: UnsafeRawBufferPointer(rebasing: memory[..<byteCount])) }
}
