/// A run of bytes of a file that is put together from others: nothing large is copied before it is written.
public enum FilePiece: Sendable, Equatable {
    /// These bytes.
    case bytes([UInt8])
    /// Bytes of file `file` of a model: 0 is the model itself, the others are numbered as in its list of files.
    case range(file: Int, Range<UInt64>)
    /// So many bytes of value 0, such as between aligned tensors. Not negative.
    case zeros(Int)

    /// Length of the run.
    public var byteCount: UInt64 {
        switch self {
        case .bytes(let bytes): UInt64(bytes.count)
        case .range(_, let range): range.upperBound - range.lowerBound
        case .zeros(let count): UInt64(max(count, 0))
        }
    }
}

extension [FilePiece] {
    /// Of all together; the largest number where 64 bits do not hold it.
    public var byteCount: UInt64 { reduce(0) { $0.addingReportingOverflow($1.byteCount).overflow ? .max : $0 + $1.byteCount } }
}
