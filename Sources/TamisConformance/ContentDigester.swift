import Tamis
import TamisBits
import TamisDecoder
import TamisDigest
import TamisModel
import TamisThreads

/// Takes the digests of files and tensors from the decoded files as they pass, in bounded memory.
struct ContentDigester {
    /// Bytes of a tensor in the run of all files, one after the other.
    private struct Window {
        let tensor: Int
        let range: Range<UInt64>
    }

    /// In ascending order, without overlap: the first hole of each tensor.
    private let windows: [Window]
    private var current = 0
    private var place: UInt64 = 0
    private var hash = SHA256()
    private var digests: [String]

    private init(_ topology: Topology) {
        // A tensor without elements has the digest of no bytes.
        digests = topology.tensors.map { _ in SHA256().hexadecimal }
        var windows: [Window] = []
        var isSeen = topology.tensors.map { _ in false }
        var start: UInt64 = 0
        for file in topology.files {
            for hole in file.holes where !isSeen[hole.tensor] {
                isSeen[hole.tensor] = true
                if hole.byteCount > 0 { windows.append(Window(tensor: hole.tensor, range: start + hole.offset..<start + hole.offset + hole.byteCount)) }
            }
            start += file.byteCount
        }
        self.windows = windows
    }

    /// Takes the next bytes of the files.
    private mutating func take(_ bytes: ByteView) {
        let end = place + UInt64(bytes.count)
        while current < windows.count, windows[current].range.lowerBound < end {
            let window = windows[current]
            let from = max(window.range.lowerBound, place)
            let to = min(window.range.upperBound, end)
            unsafe hash.update(bytes[Int(from - place)..<Int(to - place)].buffer)
            if to < window.range.upperBound { break }
            digests[window.tensor] = hash.hexadecimal
            hash = SHA256()
            current += 1
        }
        place = end
    }

    /// Decodes everything, and checks every digest of the stream.
    static func content(
        of stream: EncodedStream, threads: ThreadCount, givingBack giveBack: (@Sendable (Range<Int>) -> Void)?
    ) throws(TamisError) -> DecodedContent {
        let plan = try stream.plan(threads: threads, givingBack: giveBack)
        let files = stream.topology.files
        var digester = ContentDigester(stream.topology)
        let pieces = files.enumerated().map { FilePiece.range(file: $0, 0..<$1.byteCount) }
        try plan.decode(
            pieces, batchBytes: TamisFile.batchBytes, threads: threads, verifiesFiles: true,
            memory: { byteCount throws(TamisError) in try ReservedMemory(byteCount: byteCount) }
        ) { (bytes) throws(TamisError) in digester.take(bytes) }
        return DecodedContent(
            // Decoding has found these to be those of the decoded files.
            files: zip(files, stream.index.files).map { file, digest in
                DecodedContent.File(name: file.name, byteCount: file.byteCount, sha256: Hexadecimal.text(digest.sha256))
            },
            tensors: zip(stream.topology.tensors, digester.digests).map { tensor, digest in
                DecodedContent.Tensor(name: tensor.name, type: tensor.elementType.name, shape: tensor.shape.dimensions, sha256: digest)
            })
    }
}
