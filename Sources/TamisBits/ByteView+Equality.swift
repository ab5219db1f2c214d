extension ByteView {
    /// Whether the same bytes are there.
    package func isEqual(to other: ByteView) -> Bool {
        guard count == other.count else { return false }
        guard let own = unsafe buffer.baseAddress, let others = unsafe other.buffer.baseAddress else { return true }
        let whole = count & ~63
        for place in stride(from: 0, to: whole, by: 64) {
            let a = unsafe own.loadUnaligned(fromByteOffset: place, as: SIMD8<UInt64>.self)
            let b = unsafe others.loadUnaligned(fromByteOffset: place, as: SIMD8<UInt64>.self)
            if a != b { return false }
        }
        for place in whole..<count where self[place] != other[place] { return false }
        return true
    }
}
