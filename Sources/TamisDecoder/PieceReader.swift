import TamisBits
import TamisModel

/// Takes pieces apart, in order, into runs of bytes that have one origin each.
struct PieceReader {
    struct Run: Equatable {
        enum Origin: Equatable {
            /// A piece that is bytes; the run begins at byte `offset` of it.
            case literal(piece: Int, offset: Int)
            case zeros
            /// From byte `offset` of the file's skeleton on. A run of no bytes is all of an empty skeleton.
            case skeleton(file: Int, offset: Int)
            /// From byte `offset` of the tensor on. A run of no bytes is all of a tensor without elements.
            case tensor(Int, offset: Int)
            /// No bytes: those of all of the file have gone before.
            case end(file: Int)
        }

        var origin: Origin
        var byteCount: Int
        /// The bytes belong to a piece that is all of a file.
        var isOfWholeFile = false
    }

    /// Where a range of a file has been read to.
    private struct Position {
        let file: Int
        let range: Range<UInt64>
        var offset: UInt64
        /// The first hole that does not end before `offset`.
        var hole: Int
    }

    private let pieces: [FilePiece]
    private let topology: Topology
    private var next = 0
    private var position: Position?

    /// - Throws: `invalid_argument` for a piece that does not exist.
    init(_ pieces: [FilePiece], of topology: Topology) throws(TamisError) {
        for (number, piece) in pieces.enumerated() {
            switch piece {
            case .bytes: break
            case .zeros(let count):
                if count < 0 { throw TamisError(.invalidArgument, "piece \(number) is \(count) zeros, expected 0 or more") }
            case .range(let file, let range):
                if !topology.files.indices.contains(file) {
                    throw TamisError(.invalidArgument, "piece \(number) is of file \(file), there are \(topology.files.count) files")
                }
                if range.upperBound > topology.files[file].byteCount {
                    throw TamisError(
                        .invalidArgument,
                        "piece \(number) ends at byte \(range.upperBound) of '\(topology.files[file].name)', which has \(topology.files[file].byteCount)")
                }
            }
        }
        self.pieces = pieces
        self.topology = topology
    }

    /// The next run, or nil behind the last one.
    mutating func read() -> Run? {
        while true {
            if let run = readRange() { return run }
            guard next < pieces.count else { return nil }
            let number = next
            next += 1
            switch pieces[number] {
            case .bytes(let bytes): if !bytes.isEmpty { return Run(origin: .literal(piece: number, offset: 0), byteCount: bytes.count) }
            case .zeros(let count): if count > 0 { return Run(origin: .zeros, byteCount: count) }
            case .range(let file, let range):
                let entry = topology.files[file]
                position = Position(file: file, range: range, offset: range.lowerBound, hole: entry.firstHole(from: range.lowerBound))
                // A skeleton without bytes has a unit, too, which may be damaged.
                if entry.skeletonBytes == 0 && range == 0..<entry.byteCount { return Run(origin: .skeleton(file: file, offset: 0), byteCount: 0) }
            }
        }
    }

    /// The next run of the range that is being read; nil if there is none.
    private mutating func readRange() -> Run? {
        guard var place = position else { return nil }
        let file = topology.files[place.file]
        let isWhole = place.range == 0..<file.byteCount
        let hole = place.hole < file.holes.count ? file.holes[place.hole] : nil
        if let hole, hole.offset <= place.offset {
            let end = hole.offset + hole.byteCount
            // Tensors of no bytes belong to what follows them, or to the end of the file.
            if place.offset < place.range.upperBound || (hole.byteCount == 0 && place.range.upperBound == file.byteCount) {
                let start = place.offset
                place.offset = min(end, place.range.upperBound)
                if place.offset == end { place.hole += 1 }
                position = place
                return Run(
                    origin: .tensor(hole.tensor, offset: Int(start - hole.offset)), byteCount: Int(place.offset - start), isOfWholeFile: isWhole)
            }
        } else {
            let gapEnd = hole?.offset ?? file.byteCount
            let skeletonEnd = hole?.skeletonOffset ?? file.skeletonBytes
            let start = place.offset
            place.offset = min(gapEnd, place.range.upperBound)
            if place.offset > start {
                position = place
                return Run(
                    origin: .skeleton(file: place.file, offset: Int(skeletonEnd - (gapEnd - start))), byteCount: Int(place.offset - start),
                    isOfWholeFile: isWhole)
            }
        }
        position = nil
        return isWhole ? Run(origin: .end(file: place.file), byteCount: 0, isOfWholeFile: true) : nil
    }
}

extension Topology.File {
    /// The first hole that ends behind `offset`, or is empty and lies at it or behind.
    fileprivate func firstHole(from offset: UInt64) -> Int {
        var (low, high) = (0, holes.count)
        while low < high {
            let middle = (low + high) / 2
            let hole = holes[middle]
            if hole.offset + hole.byteCount > offset || hole.offset >= offset { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
