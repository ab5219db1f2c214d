import TamisBits

/// The elements of a tensor of a 16-bit floating-point type that are stored as varints, one of `int32_data` each.
enum VarintElements {
    /// Fewest elements for which a place among the coded tensors pays.
    static let minimumCount: UInt64 = 64

    /// The elements of `found` as `raw_data` has them; nil if it is no such tensor, is too small, or readers could disagree about it.
    static func rawBytes(of found: FoundTensor, _ bytes: ByteView) throws(TamisError) -> [UInt8]? {
        let record = found.record
        guard !found.isAmbiguous, record.storage == .int32Data, record.irregularities.isSubset(of: .lists) else { return nil }
        guard record.elementType == .float16 || record.elementType == .bfloat16 else { return nil }
        // An element takes at least one byte of the file, so this also bounds the memory.
        guard let count = record.shape?.elementCount, count >= minimumCount, count <= UInt64(record.byteCount) else { return nil }
        var raw: [UInt8] = []
        raw.reserveCapacity(2 * Int(count))
        var reader = WireReader(bytes, found.place)
        while let field = try reader.next() {
            if field.number == ONNXField.Tensor.rawData { return nil }
            guard field.number == ONNXField.Tensor.int32Data else { continue }
            var list = WireReader(bytes, field.value)
            while !list.isAtEnd {
                guard let element = UInt16(exactly: try list.varint()), raw.count < 2 * Int(count) else { return nil }
                raw.append(UInt8(truncatingIfNeeded: element))
                raw.append(UInt8(element >> 8))
            }
        }
        return raw.count == 2 * Int(count) ? raw : nil
    }
}
