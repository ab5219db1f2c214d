import TamisBits

extension TamisError {
    static func exists(path: String) -> TamisError {
        TamisError(.outputExists, "the file exists already", file: path, advice: "use -f to replace it, or choose another name")
    }

    static func destination(_ kind: FileKind, path: String) -> TamisError {
        TamisError(.cannotCreate, "the destination \(kind.sentence), expected a regular file or none", file: path)
    }
}
