import TamisBits
import TamisModel
import TamisSyntax
import TamisZstd

extension ModelEncoder {
    /// Start unit, parameter set, topology and skeletons.
    ///
    /// - Parameters:
    ///   - words: about how the stream is made.
    ///   - shard: the part of the model that the stream holds; nil: all of it.
    func writeFrame(_ writer: inout StreamWriter, _ words: String, sourceDigests: [[UInt8]], _ shard: Shard?) throws(TamisError) {
        var topology = TopologyBody()
        topology.tensors = source.tensors.map(TensorEntry.init)
        topology.aliases = source.aliases.map { TensorAlias(name: $0.name, tensor: $0.tensor) }
        topology.files = source.files.map { file in
            var entry = FileEntry()
            entry.name = file.name
            return entry
        }
        var skeletons = source.files.map { _ in [UInt8]() }
        var ends = source.files.map { _ in 0 }
        for hole in source.holes {
            let gap = ends[hole.file]..<hole.range.lowerBound
            var entry = HoleEntry()
            entry.fileIndex = UInt64(hole.file)
            entry.gapBytes = UInt64(gap.count)
            entry.tensorIndex = UInt64(hole.tensor)
            topology.holes.append(entry)
            unsafe skeletons[hole.file].append(contentsOf: bytes.files[hole.file][gap].buffer)
            ends[hole.file] = hole.range.upperBound
        }
        for (file, all) in bytes.files.enumerated() {
            unsafe skeletons[file].append(contentsOf: all[ends[file]..<all.count].buffer)
            topology.files[file].skeletonBytes = UInt64(skeletons[file].count)
        }
        let body = try topology.encoded()
        var header = TopologyUnit()
        header.bodyBytes = UInt64(body.count)

        var start = StartUnit()
        start.level = try level(topologyBytes: body.count).number
        if let shard {
            // `Shard` keeps both numbers below 2^16.
            start.shardNumber = UInt16(shard.number)
            start.shardCount = UInt16(shard.count)
        }
        var parameters = ModelParameterSet()
        parameters.sliceElementsLog2 = UInt8(options.sliceElementsLog2)
        parameters.encoderName = options.encoderName
        parameters.encoderOptions = words
        parameters.sourceFormat = source.format
        parameters.sourceFloatElements = source.floatElementCount
        parameters.sources = sourceDigests.enumerated().map { SourceFile(byteCount: UInt64(bytes.asRead($0).count), sha256: $1) }
        try writer.unit(.start, [start.encoded()])
        try writer.unit(.modelParameterSet, [parameters.encoded()])
        try writer.unit(.topology, [header.encoded(), Self.compress(body)])
        // The first shard has what lies between the tensors.
        if let shard, shard.number > 0 { return }
        for (file, bytes) in skeletons.enumerated() {
            var skeleton = SkeletonUnit()
            skeleton.fileIndex = UInt64(file)
            try writer.unit(.skeleton, [skeleton.encoded(), Self.compress(bytes)])
        }
    }

    private static func compress(_ bytes: [UInt8]) throws(TamisError) -> [UInt8] {
        try ByteView.of(bytes) { (view) throws(TamisError) in
            try Zstandard.compress(view, level: bytes.count > smallBytes ? rawLevel : skeletonLevel)
        }
    }

    /// The lowest level, from the standard one up, that allows the model.
    private func level(topologyBytes: Int) throws(TamisError) -> Level {
        for level in Level.all.dropFirst() {
            let fits =
                UInt64(source.tensors.count) <= level.tensors && UInt64(topologyBytes) <= level.topologyBytes
                && UInt64(source.holes.count) <= level.holes && UInt64(source.files.count) <= level.files
                && source.byteCount <= level.outputBytes && UInt64(source.tensors.count + source.files.count) + 8 <= level.units
                && source.tensors.allSatisfy {
                    $0.shape.elementCount <= level.elements && $0.shape.rank <= level.rank && $0.name.utf8.count <= level.nameBytes
                }
            if fits { return level }
        }
        throw TamisError(.limitExceeded, "the model is larger than the largest level of the format allows")
    }
}
