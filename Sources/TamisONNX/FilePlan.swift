import TamisModel

/// A file to be written, as pieces of what is there already: nothing large is copied until it is written.
public struct FilePlan: Sendable, Equatable {
    /// Its path from the folder of the model on.
    public let name: String
    /// In the order of the file, none of them empty.
    public let pieces: [FilePiece]
    public let byteCount: UInt64

    init(name: String, _ list: PieceList) {
        self.name = name
        pieces = list.pieces
        byteCount = list.byteCount
    }
}
