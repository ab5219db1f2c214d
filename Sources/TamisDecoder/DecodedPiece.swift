/// A part of what a streaming decoder is to yield.
public enum DecodedPiece: Sendable, Equatable {
    /// These bytes, which the caller has.
    case bytes([UInt8])
    /// Bytes of a decoded file: `file` counts as in the stream.
    case range(file: Int, Range<UInt64>)
    /// So many bytes of value 0, such as between aligned tensors. Not negative.
    case zeros(Int)
}

extension DecodedPiece {
    public var byteCount: UInt64 {
        switch self {
        case .bytes(let bytes): UInt64(bytes.count)
        case .range(_, let range): range.upperBound - range.lowerBound
        case .zeros(let count): UInt64(max(count, 0))
        }
    }
}

extension [DecodedPiece] {
    /// Of all together.
    public var byteCount: UInt64 { reduce(0) { $0.addingReportingOverflow($1.byteCount).overflow ? .max : $0 + $1.byteCount } }
}
