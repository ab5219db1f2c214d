import TamisBits
import TamisModel

/// Puts a file together from pieces; neighbours that continue each other become one.
struct PieceList: Sendable {
    private(set) var pieces: [FilePiece] = []
    /// Bytes of all pieces. Stays at the largest number where 64 bits do not hold it, as many ranges may name the same bytes.
    private(set) var byteCount: UInt64 = 0

    mutating func append(_ bytes: [UInt8]) {
        if bytes.isEmpty { return }
        count(UInt64(bytes.count))
        if case .bytes(var last)? = pieces.last {
            pieces.removeLast()
            last += bytes
            pieces.append(.bytes(last))
        } else {
            pieces.append(.bytes(bytes))
        }
    }

    mutating func append(file: Int, _ range: Range<UInt64>) {
        if range.isEmpty { return }
        count(range.byteCount)
        if case .range(file, let last)? = pieces.last, last.upperBound == range.lowerBound {
            pieces[pieces.count - 1] = .range(file: file, last.lowerBound..<range.upperBound)
        } else {
            pieces.append(.range(file: file, range))
        }
    }

    /// Bytes of the model's own file.
    mutating func append(_ range: Range<Int>) { append(file: 0, UInt64(range.lowerBound)..<UInt64(range.upperBound)) }

    mutating func append(_ list: PieceList) {
        for piece in list.pieces {
            switch piece {
            case .bytes(let bytes): append(bytes)
            case .range(let file, let range): append(file: file, range)
            case .zeros(let count): append(zeros: count)
            }
        }
    }

    mutating func append(zeros count: Int) {
        if count == 0 { return }
        self.count(UInt64(count))
        pieces.append(.zeros(count))
    }

    private mutating func count(_ more: UInt64) {
        let (sum, overflow) = byteCount.addingReportingOverflow(more)
        byteCount = overflow ? .max : sum
    }

    /// The bytes, of which `file` holds those that are ranges of the model's own file. Requires that no range names another.
    consuming func bytes(of file: ByteView) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(Int(clamping: byteCount))
        // Pieces are given up one by one, so that the bytes are not there twice.
        pieces.reverse()
        while let piece = pieces.popLast() {
            switch piece {
            case .bytes(let bytes): result += bytes
            case .range(_, let range): unsafe result.append(contentsOf: file[Int(range.lowerBound)..<Int(range.upperBound)].buffer)
            case .zeros(let count): result += [UInt8](repeating: 0, count: count)
            }
        }
        return result
    }
}
