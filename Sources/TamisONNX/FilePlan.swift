/// A file to be written, as pieces of what is there already: nothing large is copied until it is written.
public struct FilePlan: Sendable, Equatable {
    /// A run of bytes of the file.
    public enum Piece: Sendable, Equatable {
        case bytes([UInt8])
        /// Bytes of file `file` of the model: 0 is the model itself, then its side files as they were given.
        case range(file: Int, Range<UInt64>)
        case zeros(Int)

        /// Length of the run.
        public var byteCount: UInt64 {
            switch self {
            case .bytes(let bytes): UInt64(bytes.count)
            case .range(_, let range): range.upperBound - range.lowerBound
            case .zeros(let count): UInt64(count)
            }
        }
    }

    /// Its path from the folder of the model on.
    public let name: String
    /// In the order of the file, none of them empty.
    public let pieces: [Piece]
    public let byteCount: UInt64

    init(name: String, _ list: PieceList) {
        self.name = name
        pieces = list.pieces
        byteCount = list.byteCount
    }
}
