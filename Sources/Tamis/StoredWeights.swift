import TamisBits
import TamisFiles
import TamisModel
import TamisONNX

/// Weights decoded to a form of their own, integers or 16-bit numbers, in memory.
final class StoredWeights: Sendable {
    struct Weight: Sendable {
        let tensor: Int
        let form: StoredWeight.Form
        /// Place in the memory.
        let bytes: Range<Int>
        /// As float32.
        let replacedByteCount: UInt64

        var byteCount: UInt64 { UInt64(bytes.count) }
    }

    let weights: [Weight]
    private let memory: ReservedMemory

    init(_ weights: [Weight], in memory: ReservedMemory) {
        self.weights = weights
        self.memory = memory
    }

    static func none() throws(TamisError) -> StoredWeights { StoredWeights([], in: try ReservedMemory(byteCount: 0)) }

    var byteCount: UInt64 { weights.reduce(0) { $0 + $1.byteCount } }
    var replacedByteCount: UInt64 { weights.reduce(0) { $0 + $1.replacedByteCount } }

    /// Calls `body` with the bytes of a weight.
    ///
    /// - Parameter number: its place in `weights`.
    func withBytes(_ number: Int, _ body: (ByteView) throws(TamisError) -> Void) throws(TamisError) {
        try memory.withView { (view) throws(TamisError) in try body(view[weights[number].bytes]) }
    }
}
