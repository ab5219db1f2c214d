import TamisBits
import TamisModel
import TamisSyntax
import TamisZstd

/// The files, tensors and holes of a stream, checked against each other and against level and limits.
package struct Topology: Sendable {
    package struct File: Sendable {
        package let name: String
        package let skeletonBytes: UInt64
        /// Skeleton and holes.
        package let byteCount: UInt64
        /// In ascending order of offset, without overlap.
        package let holes: [Hole]
    }

    package struct Hole: Sendable {
        /// Place in the decoded file.
        package let offset: UInt64
        package let byteCount: UInt64
        package let tensor: Int
        /// Bytes of the skeleton before it.
        package let skeletonOffset: UInt64
    }

    package let files: [File]
    package let tensors: [TensorDescription]
    /// Further names of tensors.
    package let aliases: [SourceModel.Alias]
    package let outputBytes: UInt64

    package init(_ unit: StreamUnit, level: Level, limits: Limits) throws(TamisError) {
        let (header, frame) = try unit.structure(TopologyUnit.self)
        self = try unit.naming { () throws(TamisError) in
            try Limits.check(header.bodyBytes, level: level.topologyBytes, limit: limits.topologyBytes, "body_bytes")
            try Self.checkExpansion(header.bodyBytes, frame: frame, "body_bytes")
            var bytes = [UInt8](repeating: 0, count: Int(header.bodyBytes))
            try bytes.withRegion { (region) throws(TamisError) in try Zstandard.decompress(frame, into: region) }
            let body = try ByteView.of(bytes) { (view) throws(TamisError) in
                do throws(TamisError) {
                    return try TopologyBody(decoding: view, base: 0, bounds: limits.bounds(level), "topology_body")
                } catch {
                    // Offsets within the body are none of the file.
                    var error = error
                    if let inner = error.byteOffset { error.message += " (byte \(inner) of the decompressed body)" }
                    error.byteOffset = unit.payloadOffset
                    throw error
                }
            }
            return try Topology(body, level: level, limits: limits)
        }
    }

    private init(_ body: TopologyBody, level: Level, limits: Limits) throws(TamisError) {
        var names = Set<[UInt8]>()
        for file in body.files {
            if !FileEntry.isRelativePath(file.name) {
                throw TamisError(.valueOutOfRange, "'\(file.name)' is not a plain file name, nor a path of such names", element: "file_name")
            }
            if !names.insert(Array(file.name.utf8)).inserted { throw TamisError(.duplicate, "two files have the name '\(file.name)'", element: "file_name") }
        }
        for file in body.files {
            let bytes = Array(file.name.utf8)
            for place in bytes.indices where bytes[place] == 0x2F && names.contains(Array(bytes[..<place])) {
                throw TamisError(.duplicate, "'\(file.name)' lies in a folder that has the name of a file", element: "file_name")
            }
        }

        names = []
        names.reserveCapacity(body.tensors.count)
        var tensors: [TensorDescription] = []
        tensors.reserveCapacity(body.tensors.count)
        for entry in body.tensors {
            try Limits.check(UInt64(entry.name.utf8.count), level: level.nameBytes, "tensor_name")
            try Limits.check(UInt64(entry.dimensions.count), level: level.rank, "rank")
            guard let type = ElementType(rawValue: entry.elementType), let shape = Shape(entry.dimensions) else {
                throw TamisError(.valueOutOfRange, "the number of elements of '\(entry.name)' does not fit 64 bits", element: "dimension")
            }
            try Limits.check(shape.elementCount, level: level.elements, "dimension")
            let tensor = TensorDescription(name: entry.name, elementType: type, shape: shape)
            try Limits.check(tensor.byteCount ?? .max, level: .max, limit: limits.tensorBytes, "dimension")
            if entry.name.isEmpty { throw TamisError(.valueOutOfRange, "a tensor has no name", element: "tensor_name") }
            if !names.insert(Array(entry.name.utf8)).inserted {
                throw TamisError(.duplicate, "two tensors have the name '\(entry.name)'", element: "tensor_name")
            }
            tensors.append(tensor)
        }

        var aliases: [SourceModel.Alias] = []
        aliases.reserveCapacity(body.aliases.count)
        for alias in body.aliases {
            try Limits.check(UInt64(alias.name.utf8.count), level: level.nameBytes, "alias_name")
            if alias.name.isEmpty { throw TamisError(.valueOutOfRange, "an alias has no name", element: "alias_name") }
            if !names.insert(Array(alias.name.utf8)).inserted {
                throw TamisError(.duplicate, "two tensors have the name '\(alias.name)'", element: "alias_name")
            }
            if alias.tensorIndex >= UInt64(tensors.count) {
                throw TamisError(.valueOutOfRange, "alias of tensor \(alias.tensorIndex), there are \(tensors.count)", element: "alias_tensor_index")
            }
            aliases.append(SourceModel.Alias(name: alias.name, tensor: Int(alias.tensorIndex)))
        }

        var hasHole = [Bool](repeating: false, count: tensors.count)
        var holes = [[Hole]](repeating: [], count: body.files.count)
        var file = 0
        var skeletonUsed: UInt64 = 0
        var end: UInt64 = 0
        var files: [File] = []
        var outputBytes: UInt64 = 0
        func close() throws(TamisError) {
            let entry = body.files[file]
            let rest = entry.skeletonBytes - skeletonUsed
            let byteCount = try Self.outputSum(end, rest)
            files.append(File(name: entry.name, skeletonBytes: entry.skeletonBytes, byteCount: byteCount, holes: holes[file]))
            outputBytes = try Self.outputSum(outputBytes, byteCount)
            file += 1
            skeletonUsed = 0
            end = 0
        }
        for hole in body.holes {
            if hole.fileIndex >= UInt64(body.files.count) || hole.fileIndex < UInt64(file) {
                throw TamisError(.valueOutOfRange, "hole in file \(hole.fileIndex), expected \(file) … \(body.files.count - 1)", element: "hole_file_index")
            }
            while UInt64(file) < hole.fileIndex { try close() }
            guard hole.tensorIndex < UInt64(tensors.count), let byteCount = tensors[Int(hole.tensorIndex)].byteCount else {
                throw TamisError(
                    .valueOutOfRange, "hole for tensor \(hole.tensorIndex), there are \(tensors.count)", element: "hole_tensor_index")
            }
            let skeletonLeft = body.files[file].skeletonBytes - skeletonUsed
            if hole.gapBytes > skeletonLeft {
                throw TamisError(
                    .lengthMismatch, "a gap of \(hole.gapBytes) bytes, where \(skeletonLeft) of the file's \(body.files[file].skeletonBytes) are left", element: "gap_bytes")
            }
            skeletonUsed += hole.gapBytes
            let offset = try Self.outputSum(end, hole.gapBytes)
            end = try Self.outputSum(offset, byteCount)
            let tensor = Int(hole.tensorIndex)
            holes[file].append(Hole(offset: offset, byteCount: byteCount, tensor: tensor, skeletonOffset: skeletonUsed))
            hasHole[tensor] = true
        }
        while file < body.files.count { try close() }
        if let missing = hasHole.firstIndex(of: false) {
            throw TamisError(.missing, "the tensor '\(tensors[missing].name)' fills no hole", element: "hole_tensor_index")
        }
        // The level first: what breaks its own word is malformed, whatever this decoder's limits are.
        try Limits.check(outputBytes, level: level.outputBytes, "skeleton_bytes", "the decoded files together have", "bytes")
        for file in files {
            try Limits.check(file.skeletonBytes, level: .max, limit: limits.skeletonBytes, "skeleton_bytes", "a file has, besides its tensors,", "bytes")
        }
        try Limits.check(outputBytes, level: .max, limit: limits.outputBytes, "skeleton_bytes", "the decoded files together have", "bytes")
        self.files = files
        self.tensors = tensors
        self.aliases = aliases
        self.outputBytes = outputBytes
    }

    /// Refuses sums that no level allows.
    private static func outputSum(_ a: UInt64, _ b: UInt64) throws(TamisError) -> UInt64 {
        let (sum, overflows) = a.addingReportingOverflow(b)
        if overflows { throw TamisError(.levelExceeded, "the decoded files together have 2^64 bytes or more, which no level allows", element: "skeleton_bytes") }
        return sum
    }

    /// Refuses a decoded size that no Zstandard frame of so few bytes can have: a block takes 4 bytes and yields at most 128 KiB.
    package static func checkExpansion(_ byteCount: UInt64, frame: ByteView, _ element: StaticString) throws(TamisError) {
        let most = UInt64(frame.count) * 32768 + 131_072
        if byteCount > most {
            throw TamisError(.expansionRatio, "\(frame.count) compressed bytes cannot hold \(byteCount), at most \(most)", element: "\(element)")
        }
    }
}
