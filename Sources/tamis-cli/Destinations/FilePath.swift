/// Names of files made from names of files.
///
/// Slashes and dots are looked for in the bytes, as the system does: a combining mark after one would hide it in a `Character`.
enum FilePath {
    /// What stands for standard input or output.
    static let pipe = "-"

    /// The last component.
    static func name(_ path: String) -> String {
        guard let slash = lastSlash(path) else { return path }
        return String(path[path.utf8.index(after: slash)...])
    }

    /// `name` in the directory of the file at `path`.
    static func sibling(of path: String, named name: String) -> String {
        guard let slash = lastSlash(path) else { return name }
        return path[..<path.utf8.index(after: slash)] + name
    }

    /// `path` with the extension of its name, if it has one, replaced.
    static func replacingExtension(of path: String, with suffix: String) -> String {
        let name = name(path)
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex else { return path + "." + suffix }
        return sibling(of: path, named: name[..<dot] + "." + suffix)
    }

    /// `path` with the extension of its name replaced, or all of `.safetensors.index.json`.
    static func replacingExtensions(of path: String, with suffix: String) -> String {
        let index = ".safetensors.index.json"
        if name(path).utf8.count > index.utf8.count, path.utf8.suffix(index.utf8.count).elementsEqual(index.utf8) {
            return String(decoding: path.utf8.dropLast(index.utf8.count), as: UTF8.self) + "." + suffix
        }
        return replacingExtension(of: path, with: suffix)
    }

    /// Whether a file may get `name` because a stream says so: it ends as models do, and is neither hidden nor like an option.
    static func isModelName(_ name: String) -> Bool { isVisible(name) && [".onnx", ".safetensors", ".safetensors.index.json"].contains { ends(name, in: $0) } }

    /// What follows the first dot of a model's name that belongs to its ending.
    static func modelEnding(of name: String) -> String {
        [".safetensors.index.json", ".safetensors"].first { ends(name, in: $0) }.map { String($0.dropFirst()) } ?? "onnx"
    }

    /// Whether a path downwards has no component that is hidden or like an option.
    static func isVisible(_ path: String) -> Bool {
        path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy {
            $0.first.map { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "-") } ?? false
        }
    }

    /// In letters of either case.
    private static func ends(_ name: String, in suffix: String) -> Bool {
        let end = name.utf8.suffix(suffix.utf8.count).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        return end.elementsEqual(suffix.utf8)
    }

    /// `text` as a plain file name: letters, digits, `.`, `_` and `-`; everything else becomes `_`. Never hidden, at most 200 bytes.
    static func plainName(_ text: String) -> String {
        var name = ""
        for scalar in text.unicodeScalars.prefix(200) {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "-": name.unicodeScalars.append(scalar)
            case "." where !name.isEmpty: name.append(".")
            default: name.append("_")
            }
        }
        return name.isEmpty ? "_" : name
    }

    private static func lastSlash(_ path: String) -> String.Index? { path.utf8.lastIndex(of: UInt8(ascii: "/")) }
}
