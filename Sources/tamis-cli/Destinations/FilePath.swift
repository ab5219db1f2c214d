/// Names of files made from names of files.
enum FilePath {
    /// What stands for standard input or output.
    static let pipe = "-"

    /// The last component.
    static func name(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return path }
        return String(path[path.index(after: slash)...])
    }

    /// `name` in the directory of the file at `path`.
    static func sibling(of path: String, named name: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return name }
        return path[...slash] + name
    }

    /// `path` with the extension of its name, if it has one, replaced.
    static func replacingExtension(of path: String, with suffix: String) -> String {
        let name = name(path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return path + "." + suffix }
        return sibling(of: path, named: name[...dot] + suffix)
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
}
