import TamisBits

/// A path that leads downwards from a folder, taken apart at its slashes; names are never changed to make them safe.
struct RelativePath {
    private static let maximumByteCount = 4096
    private static let maximumComponents = 16
    private static let maximumComponentBytes = 255

    /// At least one; none is empty, `.` or `..`.
    let components: [String]

    /// - Throws: `code` if the path is absolute, leads upwards, is longer than 4096 bytes or 16 names, holds a zero byte or `\`, or
    ///   has a name that is empty or longer than 255 bytes.
    init(_ text: String, code: TamisError.Code) throws(TamisError) {
        // By bytes, as the system reads it: in a `Character` a combining mark would hide a slash.
        let bytes = Array(text.utf8)
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard bytes.count <= Self.maximumByteCount, parts.count <= Self.maximumComponents, !bytes.contains(0), !bytes.contains(UInt8(ascii: "\\")),
            parts.allSatisfy({ Self.isName($0) })
        else {
            throw TamisError(
                code,
                "the path does not lead downwards from the folder of the model: expected at most \(Self.maximumComponents) names of at most "
                    + "\(Self.maximumComponentBytes) bytes, separated by /, none of them . or .., and no \\", file: text,
                advice: "such a path can be an attack; if you trust the model, move its data beside it and correct the path")
        }
        components = parts.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func isName(_ part: ArraySlice<UInt8>) -> Bool {
        !part.isEmpty && part.count <= maximumComponentBytes && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
    }

    /// The bytes of each path that leads to a folder on the way, outermost first.
    var folders: [[UInt8]] { (1..<components.count).map { Array(components[..<$0].joined(separator: "/").utf8) } }

    var last: String { components[components.count - 1] }
}
