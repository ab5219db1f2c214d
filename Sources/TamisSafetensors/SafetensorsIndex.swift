import TamisBits

/// What the index of a model in several files says (`model.safetensors.index.json`): which tensor is in which file.
///
/// It is a JSON object: `{"metadata": {…}, "weight_map": {"name of a tensor": "name of a file", …}}`. The `metadata` and members of other
/// names are held to be JSON and otherwise left alone.
public struct SafetensorsIndex: Sendable, Equatable {
    /// Bytes of an index.
    public static let maximumBytes = 100_000_000
    private static let mapKey = "weight_map"
    /// What a stream has for paths (Spec §4.3).
    private static let maximumPathBytes = 1024
    private static let maximumComponents = 16
    private static let maximumComponentBytes = 255

    /// The files, ascending by their bytes, each once: paths from the folder of the index downwards, their components separated by `/`.
    public let shardNames: [String]
    /// In the order of the index.
    let tensorNames: [String]
    /// By the bytes of a tensor's name, which text would compare by canonical equivalence: index into `shardNames`.
    let shards: [[UInt8]: Int]

    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - file: its name, for errors.
    /// - Throws: `limit_exceeded` for more than `maximumBytes`; `invalid_safetensors`, with the place, for what is no such index, and for
    ///   names of files that are no paths downwards.
    public init(bytes: ByteView, file: String? = nil) throws(TamisError) {
        do throws(TamisError) {
            if bytes.count > Self.maximumBytes {
                throw TamisError(
                    .limitExceeded, "the index has \(bytes.count) bytes, expected at most \(Self.maximumBytes)", byteOffset: 0,
                    advice: "is it the index of a model in safetensors files?")
            }
            let members = try Self.members(bytes, file)
            var numbers: [String: Int] = [:]
            shardNames = Array(Set(members.map(\.shard))).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            for (number, name) in shardNames.enumerated() { numbers[name] = number }
            tensorNames = members.map(\.tensor)
            shards = Dictionary(members.map { (Array($0.tensor.utf8), numbers[$0.shard] ?? 0) }, uniquingKeysWith: { first, _ in first })
        } catch {
            var error = error
            error.file = file
            throw error
        }
    }

    /// The pairs of the `weight_map`, in their order.
    private static func members(_ bytes: ByteView, _ file: String?) throws(TamisError) -> [(tensor: String, shard: String)] {
        var json = JSONReader(bytes, from: 0, of: "the index")
        var map: [(tensor: String, shard: String)]?
        json.skipSpace()
        try json.object("the index") { (json, key, _) throws(TamisError) in
            if key == mapKey { map = try weightMap(&json, file) } else { try json.skipValue() }
        }
        json.skipSpace()
        try json.expectEnd()
        guard let map else { throw HeaderReader.fault("has no \(mapKey), expected an object of tensors and their files", at: 0) }
        return map
    }

    private static func weightMap(_ json: inout JSONReader, _ file: String?) throws(TamisError) -> [(tensor: String, shard: String)] {
        var map: [(tensor: String, shard: String)] = []
        // Of each name as text, its bytes: a system may take names that are canonically equivalent for the same file.
        var spellings: [String: [UInt8]] = [:]
        try json.object(mapKey) { (json, tensor, _) throws(TamisError) in
            let place = json.position
            let shard = try json.string("the file of \(HeaderReader.quoted(tensor))")
            let spelling = Array(shard.utf8)
            if let known = spellings[shard] {
                if known != spelling { throw HeaderReader.fault("is the name of another file written otherwise", name: shard, at: place) }
            } else {
                if let problem = problem(spelling) {
                    throw HeaderReader.fault("is no name of a file of the model: \(problem); expected a path from the index downwards", name: shard, at: place)
                }
                if shard == file { throw HeaderReader.fault("is the index itself, expected a file with tensors", name: shard, at: place) }
                spellings[shard] = spelling
            }
            map.append((tensor, shard))
        }
        return map
    }

    /// What keeps `path` from being one that leads downwards, whatever system reads it; nil if nothing does.
    private static func problem(_ path: [UInt8]) -> String? {
        let components = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if path.count > maximumPathBytes { return "it has \(path.count) bytes, more than \(maximumPathBytes)" }
        if components.count > maximumComponents { return "it leads through more than \(maximumComponents - 1) folders" }
        if path.contains(UInt8(ascii: "\\")) { return "it has a backslash" }
        let text = String(decoding: path, as: UTF8.self)
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) { return "it has a control character" }
        for component in components {
            if component.isEmpty { return path.first == UInt8(ascii: "/") ? "it is absolute" : "a part of it is empty" }
            if component.elementsEqual(".".utf8) || component.elementsEqual("..".utf8) { return "a part of it is . or .." }
            if component.count > maximumComponentBytes { return "a part of it has more than \(maximumComponentBytes) bytes" }
        }
        return nil
    }
}
