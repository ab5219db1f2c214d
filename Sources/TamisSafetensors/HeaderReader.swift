import TamisBits
import TamisModel

/// Takes a header apart: `{"__metadata__": {"key": "text", …}, "name": {"dtype": …, "shape": […], "data_offsets": […]}, …}`.
///
/// What of JSON the format has no use for is refused, and so is what it does not name.
struct HeaderReader {
    private static let metadataKey = "__metadata__"
    private static let keys = ["dtype", "shape", "data_offsets"]

    private var json: JSONReader

    /// - Parameter bytes: of the file up to the end of the header.
    init(_ bytes: ByteView) { json = JSONReader(bytes, from: SafetensorsFile.lengthBytes, of: "the header") }

    mutating func header() throws(TamisError) -> (metadata: [String: String], tensors: [HeaderTensor]) {
        var metadata: [String: String] = [:]
        var tensors: [HeaderTensor] = []
        try json.object("the header") { (json, name, place) throws(TamisError) in
            if name == Self.metadataKey { metadata = try Self.metadata(&json) } else { tensors.append(try Self.tensor(name, at: place, &json)) }
        }
        try json.expectOnlySpaces()
        return (metadata, tensors)
    }

    private static func metadata(_ json: inout JSONReader) throws(TamisError) -> [String: String] {
        var metadata: [String: String] = [:]
        try json.object(metadataKey) { (json, key, place) throws(TamisError) in
            let text = try json.string("the text of \(quoted(key))")
            // Keys that differ in bytes may still be equal as text, which a dictionary could not hold.
            if metadata.updateValue(text, forKey: key) != nil { throw fault("has the key a second time", name: key, at: place) }
        }
        return metadata
    }

    private static func tensor(_ name: String, at place: Int, _ json: inout JSONReader) throws(TamisError) -> HeaderTensor {
        var type: SafetensorsType?
        var shape: Shape?
        var offsets: [UInt64]?
        let shown = quoted(name)
        try json.object("the tensor \(shown)") { (json, key, place) throws(TamisError) in
            let start = json.position
            switch key {
            case "dtype":
                let word = try json.string("the dtype of \(shown)")
                type = SafetensorsType(rawValue: word)
                if type == nil {
                    let known = SafetensorsType.allCases.map(\.rawValue).joined(separator: ", ")
                    throw fault("has the dtype \(quoted(word)), expected one of \(known)", name: name, at: start)
                }
            case "shape":
                let dimensions = try json.integers("the shape of \(shown)")
                shape = Shape(dimensions)
                if shape == nil { throw fault("its shape has more elements than 64 bits can count", name: name, at: start) }
            case "data_offsets":
                let pair = try json.integers("the data_offsets of \(shown)")
                if pair.count != 2 { throw fault("its data_offsets have \(pair.count) numbers, expected 2: beginning and end", name: name, at: start) }
                offsets = pair
            default: throw fault("has the unknown key \(quoted(key)), expected \(keys.joined(separator: ", "))", name: name, at: place)
            }
        }
        guard let type, let shape, let offsets else {
            let missing = type == nil ? keys[0] : shape == nil ? keys[1] : keys[2]
            throw fault("has no \(missing), expected \(keys.joined(separator: ", "))", name: name, at: place)
        }
        return HeaderTensor(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1], place: place)
    }

    // MARK: Faults

    /// - Parameters:
    ///   - name: of the tensor or key that it is about.
    ///   - place: in the file.
    static func fault(_ message: String, name: String? = nil, at place: Int) -> TamisError {
        TamisError(.invalidSafetensors, message, element: name.map(quoted), byteOffset: UInt64(place))
    }

    /// A name as errors have it: of at most 200 bytes, and nothing in it steers a terminal.
    static func quoted(_ name: String) -> String { "'\(TensorNamer.fitted(name, 200))'" }
}
