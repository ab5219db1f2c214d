import TamisBits
import TamisDecoder
import TamisModel
import TamisThreads

extension TamisFile {
    /// Decodes parts of files to where they shall lie, without copies of tensors on the way.
    ///
    /// - Parameters:
    ///   - parts: each with its place in `output`, in ascending order without overlap.
    ///   - progress: called from any thread with the number of elements decoded so far.
    /// - Throws: an error of the stream.
    func decode(
        _ parts: [(piece: FilePiece, place: Int)], into output: ByteRegion, threads: ThreadCount, progress: (@Sendable (_ elements: UInt64) -> Void)?
    ) throws(TamisError) {
        let plan = try plan(threads: threads)
        var regions = [ByteRegion?](repeating: nil, count: tensors.count)
        var copies: [(tensor: Int, target: ByteRegion)] = []
        // What is no whole tensor.
        var others: [(piece: FilePiece, place: Int)] = []
        for (piece, place) in parts {
            guard case .range(let file, let range) = piece else { continue }
            var start = range.lowerBound
            func other(upTo end: UInt64) {
                if end > start { others.append((.range(file: file, start..<end), place + Int(start - range.lowerBound))) }
            }
            for hole in plan.topology.files[file].holes(in: range) where hole.offset >= start && hole.offset + hole.byteCount <= range.upperBound {
                other(upTo: hole.offset)
                let first = place + Int(hole.offset - range.lowerBound)
                let region = output[first..<(first + Int(hole.byteCount))]
                if regions[hole.tensor] == nil { regions[hole.tensor] = region } else { copies.append((hole.tensor, region)) }
                start = hole.offset + hole.byteCount
            }
            other(upTo: range.upperBound)
        }
        try naming { () throws(TamisError) in try plan.decode(tensors: regions, threads: threads, progress: progress) }
        for copy in copies { if let source = regions[copy.tensor] { copy.target.copy(from: source.view) } }
        if others.isEmpty { return }
        var next = 0
        var done = 0
        try decode(others.map(\.piece), batchBytes: ModelExport.bufferBatchBytes, threads: threads, verifiesFiles: false) { (part) throws(TamisError) in
            var start = 0
            while start < part.count {
                let byteCount = Int(others[next].piece.byteCount)
                let count = min(part.count - start, byteCount - done)
                output[(others[next].place + done)..<(others[next].place + done + count)].copy(from: part[start..<(start + count)])
                start += count
                done += count
                if done == byteCount { (next, done) = (next + 1, 0) }
            }
        }
    }
}

extension Topology.File {
    /// The holes that begin inside a range of the file.
    func holes(in range: Range<UInt64>) -> ArraySlice<Topology.Hole> {
        func first(from offset: UInt64) -> Int {
            var (low, high) = (0, holes.count)
            while low < high {
                let middle = (low + high) / 2
                if holes[middle].offset < offset { low = middle + 1 } else { high = middle }
            }
            return low
        }
        return holes[first(from: range.lowerBound)..<first(from: range.upperBound)]
    }
}
