import TamisBits
import TamisDigest

/// The SHA-256 of files whose parts arrive about in their order.
///
/// A part that arrives before its turn is kept, up to `capacity` bytes in all; beyond that the files that wait for it are given up, and have
/// to be read again by who has them.
struct StreamingFileDigests {
    /// Bytes of tensors and skeletons that are kept.
    static let capacity = 24 << 20

    private struct File {
        var hash = SHA256()
        /// The hole before which the digest has arrived.
        var hole = 0
        /// Whether the gap before that hole is in it already.
        var hasGap = false
        /// Kept until the digest is made.
        var skeleton: StreamedBytes?
        var isGivenUp = false
        /// Once all is there.
        var value: [UInt8]?
    }

    private let topology: Topology
    private let places: TensorPlaces
    private var files: [File]
    /// Tensors that some hole still waits for.
    private var kept: [Int: [UInt8]] = [:]
    private var keptBytes = 0
    /// For each tensor, holes whose turn is yet to come, of files that are not given up.
    private var uses: [Int]

    init(_ topology: Topology, _ places: TensorPlaces) {
        self.topology = topology
        self.places = places
        files = topology.files.map { _ in File() }
        uses = topology.tensors.indices.map { places[$0].count }
    }

    /// The digest of file `number`; nil if parts lack, or came too far from their places.
    func value(of number: Int) -> [UInt8]? { files[number].value }

    mutating func take(skeleton: StreamedBytes, of file: Int) {
        files[file].skeleton = skeleton
        keptBytes += skeleton.count
        advance(file, tensor: -1, ByteView())
        if keptBytes > Self.capacity && files[file].value == nil { giveUp(file) }
    }

    mutating func take(_ bytes: ByteView, of tensor: Int) {
        var last = -1
        for place in places[tensor] where place.file != last {
            last = place.file
            advance(last, tensor: tensor, bytes)
        }
        if uses[tensor] == 0 { return }
        if keptBytes + bytes.count <= Self.capacity {
            kept[tensor] = bytes.array
            keptBytes += bytes.count
            return
        }
        last = -1
        for place in places[tensor] where place.file != last {
            last = place.file
            let isWaiting = topology.files[last].holes[files[last].hole...].contains { $0.tensor == tensor }
            if isWaiting { giveUp(last) }
        }
    }

    /// Takes in what has its turn now.
    ///
    /// - Parameter bytes: of `tensor`, which has just arrived.
    private mutating func advance(_ number: Int, tensor: Int, _ bytes: ByteView) {
        let file = topology.files[number]
        guard let skeleton = files[number].skeleton, !files[number].isGivenUp else { return }
        func takeGap() {
            if !files[number].hasGap { skeleton[file.gap(files[number].hole).inSkeleton].view.hash(into: &files[number].hash) }
            files[number].hasGap = true
        }
        while files[number].hole < file.holes.count {
            takeGap()
            let wanted = file.holes[files[number].hole].tensor
            if wanted == tensor {
                bytes.hash(into: &files[number].hash)
            } else if let bytes = kept[wanted] {
                bytes.withView { $0.hash(into: &files[number].hash) }
            } else {
                return
            }
            files[number].hole += 1
            files[number].hasGap = false
            leave(wanted)
        }
        takeGap()
        files[number].value = files[number].hash.value
        drop(number)
    }

    private mutating func giveUp(_ number: Int) {
        files[number].isGivenUp = true
        drop(number)
        for hole in topology.files[number].holes[files[number].hole...] { leave(hole.tensor) }
    }

    private mutating func drop(_ number: Int) {
        keptBytes -= files[number].skeleton?.count ?? 0
        files[number].skeleton = nil
    }

    /// One hole of `tensor` less waits for it.
    private mutating func leave(_ tensor: Int) {
        uses[tensor] -= 1
        if uses[tensor] == 0, let bytes = kept.removeValue(forKey: tensor) { keptBytes -= bytes.count }
    }
}

extension ByteView {
    fileprivate func hash(into hash: inout SHA256) { unsafe hash.update(buffer) }
}
