import Tamis
import TamisBits
import TamisDigest
import TamisSyntax
import TamisTestSupport
import TamisZstd

/// A stream put together from its parts, sound or not; units that are not given are made to fit.
struct HandMadeStream {
    var level: UInt8 = 0
    var body = TopologyBody()
    /// Decoded, one for each file.
    var skeletons: [[UInt8]] = []
    /// In raw mode, one unit for each tensor.
    var tensors: [[UInt8]] = []
    /// Takes the place of the unit that would hold a tensor.
    var dataUnits: [Int: [UInt8]] = [:]
    /// Takes the place of what the topology unit would hold.
    var topologyPayload: [UInt8]?

    /// A stream with one file "f", whose skeleton is `skeleton` with all tensors at its end.
    init(skeleton: [UInt8] = [], _ tensors: [(name: String, dimensions: [UInt64], bytes: [UInt8])] = []) {
        addFile("f", skeleton)
        for (number, tensor) in tensors.enumerated() {
            var entry = TensorEntry()
            entry.name = tensor.name
            entry.elementType = ElementType.uint8.rawValue
            entry.dimensions = tensor.dimensions
            body.tensors.append(entry)
            addHole(tensor: number, gap: number == 0 ? skeleton.count : 0)
            self.tensors.append(tensor.bytes)
        }
    }

    mutating func addFile(_ name: String, _ skeleton: [UInt8]) {
        var file = FileEntry()
        file.name = name
        file.skeletonBytes = UInt64(skeleton.count)
        body.files.append(file)
        skeletons.append(skeleton)
    }

    mutating func addHole(tensor: Int, gap: Int = 0) {
        var hole = HoleEntry()
        hole.gapBytes = UInt64(gap)
        hole.tensorIndex = UInt64(tensor)
        body.holes.append(hole)
    }

    static func frame(_ bytes: [UInt8]) throws(TamisError) -> [UInt8] {
        try ByteView.of(bytes) { (view) throws(TamisError) in try Zstandard.compress(view, level: 3) }
    }

    /// The topology's body as a payload.
    static func topology(_ body: [UInt8]) throws(TamisError) -> [UInt8] {
        var header = TopologyUnit()
        header.bodyBytes = UInt64(body.count)
        return try header.encoded() + frame(body)
    }

    func bytes() throws(TamisError) -> [UInt8] {
        var start = StartUnit()
        start.level = level
        var parameters = ModelParameterSet()
        parameters.sources = body.files.map { _ in SourceFile() }
        var units = [StreamParts.Unit(.start, try start.encoded()), StreamParts.Unit(.modelParameterSet, try parameters.encoded())]
        let topology = if let topologyPayload { topologyPayload } else { try Self.topology(try body.encoded()) }
        units.append(StreamParts.Unit(.topology, topology))
        for (number, skeleton) in skeletons.enumerated() {
            var header = SkeletonUnit()
            header.fileIndex = UInt64(number)
            units.append(StreamParts.Unit(.skeleton, try header.encoded() + Self.frame(skeleton)))
        }
        var index = IndexUnit()
        for (number, tensor) in tensors.enumerated() {
            var place = TensorPlace()
            place.unitNumber = UInt64(units.count)
            index.tensorUnits.append(place)
            if let payload = dataUnits[number] {
                units.append(StreamParts.Unit(.data, payload))
                continue
            }
            var header = DataUnit()
            header.tensorIndex = UInt64(number)
            header.tensorDigest = tensor.withView { XXH64.of($0.buffer) }
            units.append(StreamParts.Unit(.data, try header.encoded() + Self.frame(tensor)))
        }
        for number in body.files.indices {
            var digest = FileDigest()
            digest.sha256 = RoundTripTests.sha256(decodedFile(number))
            index.files.append(digest)
        }
        units += [StreamParts.Unit(.index, []), StreamParts.Unit(.end, [])]
        return try StreamParts(units: units).stream(index: index)
    }

    private func decodedFile(_ number: Int) -> [UInt8] {
        guard skeletons.indices.contains(number) else { return [] }
        var file: [UInt8] = []
        var position = 0
        for hole in body.holes where hole.fileIndex == UInt64(number) {
            let next = min(position + Int(clamping: hole.gapBytes), skeletons[number].count)
            file += skeletons[number][position..<next]
            position = next
            if tensors.indices.contains(Int(hole.tensorIndex)) { file += tensors[Int(hole.tensorIndex)] }
        }
        return file + skeletons[number][position...]
    }
}
