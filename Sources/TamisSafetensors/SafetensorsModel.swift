import TamisBits
import TamisModel

/// Cuts models in safetensors files into skeletons, which are the headers, and tensors.
///
/// Every tensor of the files becomes one of the model, with one hole, but for those without elements and those of more than
/// `maximumRank` dimensions; these stay in the skeleton. Names are those in the files, made fit for a stream (Spec, "Names of
/// safetensors tensors"); roles are guessed from names and shapes.
///
/// The elements themselves are not looked at. Time and memory are proportional to the headers, of which each has at most 100 MB.
public enum SafetensorsModel {
    public static let format = "safetensors"
    /// Of a tensor in a stream (Spec §4.3).
    static let maximumRank = 16

    /// A model of one file.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - fileName: its name, for the model and for errors.
    /// - Throws: as `SafetensorsFile`.
    public static func scan(_ bytes: ByteView, fileName: String) throws(TamisError) -> SourceModel {
        var parts = Parts()
        parts.append(try SafetensorsFile(bytes: bytes, file: fileName), name: fileName, byteCount: bytes.count)
        return parts.model
    }

    /// A model of an index and the files that it names.
    ///
    /// - Parameters:
    ///   - index: the whole index, which is the first file of the model and all skeleton.
    ///   - indexName: its name, for the model and for errors.
    ///   - shards: the whole files, by the names and in the order of `SafetensorsIndex.shardNames`.
    /// - Throws: as `SafetensorsIndex` and `SafetensorsFile`; `invalid_safetensors` where a tensor is not in the file that the index
    ///   says, is in two files, or is in a file but not in the index; `invalid_argument` if `shards` are not those of the index.
    public static func scan(index: ByteView, indexName: String, shards: [(name: String, bytes: ByteView)]) throws(TamisError) -> SourceModel {
        let map = try SafetensorsIndex(bytes: index, file: indexName)
        if !map.shardNames.elementsEqual(shards.map(\.name), by: { $0.utf8.elementsEqual($1.utf8) }) {
            throw TamisError(
                .invalidArgument, "\(shards.count) files are given, expected the \(map.shardNames.count) that the index names, in its order", file: indexName)
        }
        var parts = Parts()
        parts.appendSkeleton(name: indexName, byteCount: index.count)
        var owners: [[UInt8]: Int] = [:]
        for (number, shard) in shards.enumerated() {
            let file = try SafetensorsFile(bytes: shard.bytes, file: shard.name)
            for entry in file.entries {
                let key = Array(entry.name.utf8)
                if let owner = owners.updateValue(number, forKey: key) {
                    throw fault("is in the file '\(shards[owner].name)', too; expected it in one file of the model", entry.name, shard.name)
                }
                if map.shards[key] == nil {
                    throw fault("is not in the weight_map of '\(indexName)', expected every tensor of the model there", entry.name, shard.name)
                }
            }
            parts.append(file, name: shard.name, byteCount: shard.bytes.count)
        }
        for name in map.tensorNames {
            let key = Array(name.utf8)
            guard let number = map.shards[key], owners[key] != number else { continue }
            let place = owners[key].map { "it is in '\(shards[$0].name)'" } ?? "it is in none of the files"
            throw fault("is in the file '\(map.shardNames[number])' by the weight_map, but \(place)", name, indexName)
        }
        return parts.model
    }

    private static func fault(_ message: String, _ tensor: String, _ file: String) -> TamisError {
        TamisError(
            .invalidSafetensors, message, file: file, element: HeaderReader.quoted(tensor), advice: "are the index and the files of one model, all of them?")
    }

    /// A model as its files are added, one after the other.
    private struct Parts {
        private var files: [SourceModel.File] = []
        private var tensors: [TensorDescription] = []
        private var holes: [SourceModel.Hole] = []
        private var roles: [LayerRole?] = []
        private var floatElementCount: UInt64 = 0
        private var namer = TensorNamer()

        var model: SourceModel {
            SourceModel(format: SafetensorsModel.format, files: files, tensors: tensors, holes: holes, floatElementCount: floatElementCount, roles: roles)
        }

        mutating func appendSkeleton(name: String, byteCount: Int) { files.append(SourceModel.File(name: name, byteCount: UInt64(byteCount))) }

        mutating func append(_ file: SafetensorsFile, name: String, byteCount: Int) {
            for entry in file.entries {
                let type = entry.type.elementType
                // Fits: each element takes 4 bits of memory or more.
                if type.isFloatingPoint { floatElementCount += entry.shape.elementCount }
                // Takes its name in any case, so that a name does not depend on what is coded.
                let name = namer.unique(entry.name)
                if entry.range.isEmpty || entry.shape.rank > SafetensorsModel.maximumRank { continue }
                holes.append(
                    SourceModel.Hole(file: files.count, offset: UInt64(entry.range.lowerBound), byteCount: UInt64(entry.range.count), tensor: tensors.count))
                tensors.append(TensorDescription(name: name, elementType: type, shape: entry.shape))
                roles.append(RoleConvention.role(name: entry.name, type: type, shape: entry.shape))
            }
            appendSkeleton(name: name, byteCount: byteCount)
        }
    }
}
