import TamisBits

/// What a streaming decoder has made and nobody has taken yet.
package struct StreamingResults: Sendable {
    /// What is to be handed on.
    package struct Kinds: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }

        package static let tensors = Kinds(rawValue: 1)
        package static let pieces = Kinds(rawValue: 2)
    }

    enum Item: Sendable {
        case skeleton(file: Int, StreamedBytes)
        case tensor(Int, StreamedBytes)
    }

    /// A part of a file.
    package struct Piece: Sendable {
        package let file: Int
        /// Its place in the file.
        package let offset: UInt64
        /// At least one.
        package let bytes: StreamedBytes
    }

    private let kinds: Kinds
    private var items: [Item] = []
    private var places = TensorPlaces()
    private var files: [Topology.File] = []
    /// The item that is the next one to give a tensor.
    private var tensorItem = 0
    /// The item that is the next one to give a piece, and which of its pieces.
    private var pieceItem = 0
    private var part = 0

    init(_ kinds: Kinds) { self.kinds = kinds }

    mutating func setUp(_ topology: Topology, _ places: TensorPlaces) {
        files = topology.files
        self.places = places
    }

    /// Puts `items` in the place of those before, all of which have been taken.
    mutating func replace(by items: [Item]) {
        self.items = items
        (tensorItem, pieceItem, part) = (0, 0, 0)
        skipTensors()
        skipPieces()
    }

    /// Whether something of the kinds wanted has not been taken.
    var areWaiting: Bool { tensorItem < items.count || pieceItem < items.count }

    /// The next tensor, by its number in the topology; nil if none is left.
    mutating func nextTensor() -> (number: Int, bytes: StreamedBytes)? {
        guard tensorItem < items.count, case .tensor(let number, let bytes) = items[tensorItem] else { return nil }
        tensorItem += 1
        skipTensors()
        return (number, bytes)
    }

    /// The next piece; nil if none is left.
    mutating func nextPiece() -> Piece? {
        guard pieceItem < items.count, let piece = piece else { return nil }
        part += 1
        skipPieces()
        return piece
    }

    /// Goes on to the next item that is a tensor.
    private mutating func skipTensors() {
        if !kinds.contains(.tensors) { tensorItem = items.count }
        while tensorItem < items.count, case .skeleton = items[tensorItem] { tensorItem += 1 }
    }

    /// Goes on to the next piece that has bytes.
    private mutating func skipPieces() {
        if !kinds.contains(.pieces) { pieceItem = items.count }
        while pieceItem < items.count {
            while part < partCount {
                if piece != nil { return }
                part += 1
            }
            pieceItem += 1
            part = 0
        }
    }

    /// Pieces of the item that is being given out in pieces.
    private var partCount: Int {
        switch items[pieceItem] {
        case .skeleton(let file, _): files[file].holes.count + 1
        case .tensor(let number, _): places[number].count
        }
    }

    /// The piece that is the next one; nil if it has no bytes.
    private var piece: Piece? {
        switch items[pieceItem] {
        case .skeleton(let file, let bytes):
            let (place, range) = files[file].gap(part)
            return range.isEmpty ? nil : Piece(file: file, offset: place, bytes: bytes[range])
        case .tensor(let number, let bytes):
            let place = places[number][places[number].startIndex + part]
            return bytes.count == 0 ? nil : Piece(file: place.file, offset: place.offset, bytes: bytes)
        }
    }
}

extension Topology.File {
    /// The bytes before hole `number`, or behind the last one: their place in the file, and in the skeleton.
    func gap(_ number: Int) -> (place: UInt64, inSkeleton: Range<Int>) {
        let before = number > 0 ? holes[number - 1] : nil
        let end = number < holes.count ? holes[number].skeletonOffset : skeletonBytes
        return (before.map { $0.offset + $0.byteCount } ?? 0, Int(before?.skeletonOffset ?? 0)..<Int(end))
    }
}
